import { expect, test } from 'vitest'
import { type BridgesApi, changeBridges, readBridges } from './bridges-api.ts'

const asked: object[] = []
const api: BridgesApi = {
  list: async () => [{ bridge: 'crm' }],
  parked: async (which) => [{ parked: which }],
  requests: async (which) => [{ requests: which }],
  async ask(request) {
    asked.push(request)
    return { id: '7' }
  },
}

test('pages say what is asked for, and refuse what does not say which', async () => {
  expect(await readBridges(api, '/bridges/list')).toEqual([{ bridge: 'crm' }])
  expect(await readBridges(api, '/bridges/parked?service=orders&bridge=legacy&limit=3')).toEqual([
    { parked: { service: 'orders', bridge: 'legacy', limit: 3 } },
  ])
  expect(await readBridges(api, '/bridges/requests?service=orders&bridge=legacy')).toEqual([
    { requests: { service: 'orders', bridge: 'legacy' } },
  ])
  expect(await readBridges(api, '/bridges/else')).toBeUndefined()
  await expect(readBridges(api, '/bridges/parked?service=orders')).rejects.toMatchObject({ reason: 'BAD_REQUEST' })
  await expect(readBridges(api, '/bridges/parked?service=o&bridge=b&limit=5000')).rejects.toThrow('limit')
})

test('what is asked is passed on with who and what, and nothing else', async () => {
  const which = { service: 'orders', bridge: 'legacy' }
  const body = { ...which, action: 'skip', why: 'old', all: true, eventId: 'e-1', by: 'ada', more: { than: 'that' } }
  expect(await changeBridges(api, '/bridges/ask', body)).toEqual({ id: '7' })
  await changeBridges(api, '/bridges/ask', { ...which, action: 'resnapshot', all: 'yes' })
  expect(asked).toEqual([
    { ...which, action: 'skip', by: 'ada', detail: { why: 'old', eventId: 'e-1', all: true } },
    { ...which, action: 'resnapshot', by: 'control port', detail: {} },
  ])
  expect(await changeBridges(api, '/bridges/tell', body)).toBeUndefined()
  for (const wrong of [undefined, 'x', which, { action: 'skip' }, { ...which, action: 7 }, { ...body, why: '' }])
    await expect(changeBridges(api, '/bridges/ask', wrong)).rejects.toMatchObject({ httpStatus: 400 })
})
