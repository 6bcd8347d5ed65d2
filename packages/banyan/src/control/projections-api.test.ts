import { expect, test } from 'vitest'
import { changeProjections, type ProjectionsApi, readProjections } from './projections-api.ts'

const asked: unknown[] = []
const note = async (name: string, which: object): Promise<object> => {
  asked.push([name, which])
  return { done: name }
}
const api: ProjectionsApi = {
  list: async () => [{ projection: 'sales' }],
  rebuild: (which) => note('rebuild', which),
  drop: (which) => note('drop', which),
}
const which = { service: 'orders', projection: 'sales' }

test('the list is a page, and there is no other', async () => {
  expect(await readProjections(api, '/projections/list?x=1')).toEqual([{ projection: 'sales' }])
  expect(await readProjections(api, '/projections/else')).toBeUndefined()
})

test('what is asked is passed on, and nothing else', async () => {
  asked.length = 0
  expect(await changeProjections(api, '/projections/rebuild', { ...which, more: 1 })).toEqual({ done: 'rebuild' })
  await changeProjections(api, '/projections/rebuild', { ...which, version: 2 })
  await changeProjections(api, '/projections/drop', { ...which, version: 2 })
  await changeProjections(api, '/projections/drop', { ...which, version: 2, build: 3 })
  expect(asked).toEqual([
    ['rebuild', which],
    ['rebuild', { ...which, version: 2 }],
    ['drop', { ...which, version: 2 }],
    ['drop', { ...which, version: 2, build: 3 }],
  ])
  expect(await changeProjections(api, '/projections/forget', which)).toBeUndefined()
})

test.each([
  ['rebuild', undefined, 'JSON object'],
  ['rebuild', 'sales', 'JSON object'],
  ['rebuild', { service: 'orders' }, 'service and projection'],
  ['rebuild', { ...which, projection: '' }, 'projection must be'],
  ['rebuild', { ...which, service: 7 }, 'service must be'],
  ['rebuild', { ...which, version: '2' }, 'version must be'],
  ['rebuild', { ...which, version: 0 }, 'version must be'],
  ['rebuild', { ...which, version: 1.5 }, 'version must be'],
  ['rebuild', { ...which, version: 1e9 }, 'version must be'],
  ['drop', which, 'version is missing'],
  ['drop', { ...which, version: 1, build: -1 }, 'build must be'],
  ['drop', { ...which, version: null }, 'version must be'],
])('%s refuses %j', async (path, body, message) => {
  await expect(changeProjections(api, `/projections/${path}`, body)).rejects.toMatchObject({
    httpStatus: 400,
    message: expect.stringContaining(message),
  })
})
