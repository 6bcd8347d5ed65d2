import { expect, test } from 'vitest'
import { changeSagas, readSagas, type SagasApi } from './sagas-api.ts'

const asked: unknown[] = []
const note =
  (name: string) =>
  async (...given: unknown[]): Promise<never> => {
    asked.push([name, ...given])
    return { done: name } as never
  }
const api: SagasApi = {
  list: note('list'),
  counts: note('counts'),
  show: note('show'),
  locks: note('locks'),
  check: note('check'),
  export: note('export'),
  retry: note('retry'),
  skip: note('skip'),
  compensate: note('compensate'),
  cancel: note('cancel'),
  fork: note('fork'),
  import: note('import'),
}
const hand = { by: 'ada', why: 'broken' }

test.each([
  ['list', 'list', {}],
  [
    'list?service=orders&name=checkout&key=o-1&state=parked&state=running,undoing&stuck=5&before=x&limit=7',
    'list',
    {
      service: 'orders',
      name: 'checkout',
      key: 'o-1',
      states: ['parked', 'running', 'undoing'],
      stuckMs: 5,
      before: 'x',
      limit: 7,
    },
  ],
  ['list?late=true&limit=7', 'list', { late: true, limit: 7 }],
  ['list?late=false', 'list', {}],
  ['counts', 'counts', {}],
  ['counts?service=orders', 'counts', { service: 'orders' }],
  ['show?run=checkout/o-1&service=orders', 'show', { run: 'checkout/o-1', service: 'orders' }],
  ['export?run=x&secrets=true', 'export', { run: 'x', secrets: true }],
  ['locks?limit=3', 'locks', { limit: 3 }],
  ['check?name=checkout&order=oldest&limit=9', 'check', { name: 'checkout', order: 'oldest', limit: 9 }],
])('%s is a page', async (target, name, query) => {
  asked.length = 0
  expect(await readSagas(api, `/sagas/${target}`)).toEqual({ done: name })
  expect(asked).toEqual([[name, query]])
})

test.each([
  ['show', 'run, by id or'],
  ['list?state=broken', 'state must be'],
  ['list?limit=1001', 'limit must be'],
  ['list?limit=x', 'limit must be'],
  ['list?stuck=-1', 'stuck must be'],
  ['list?late=1', 'late must be'],
  ['counts?service=', 'service must be'],
  ['list?service=', 'service must be'],
  ['check?order=best', 'order must be'],
])('%s is refused', async (target, message) => {
  await expect(readSagas(api, `/sagas/${target}`)).rejects.toMatchObject({
    httpStatus: 400,
    message: expect.stringContaining(message),
  })
})

test.each([
  ['retry', {}, {}],
  ['compensate', { service: 'orders' }, { service: 'orders' }],
  ['cancel', { more: 1 }, {}],
  ['skip', { seq: 3, result: null }, { seq: 3, result: null }],
  ['skip', {}, {}],
  ['fork', { from: 2, key: 'k', version: 2 }, { from: 2, key: 'k', version: 2 }],
])('%s with %j is passed on', async (name, given, passed) => {
  asked.length = 0
  expect(await changeSagas(api, `/sagas/${name}`, { run: 'x', ...hand, ...given })).toEqual({ done: name })
  expect(asked).toEqual([[name, { run: 'x', ...passed }, hand]])
})

test('an import is passed on with its document, and whoever says nothing of himself is the control port', async () => {
  asked.length = 0
  await changeSagas(api, '/sagas/import', { service: 'orders', document: { a: 1 }, why: 'a test' })
  expect(asked).toEqual([['import', { service: 'orders', document: { a: 1 } }, { by: 'control port', why: 'a test' }]])
})

test.each([
  ['retry', undefined, 'JSON object'],
  ['retry', hand, 'run, by id or'],
  ['retry', { run: 'x', by: 'ada' }, 'why is missing'],
  ['retry', { run: 'x', why: 7 }, 'why must be'],
  ['skip', { run: 'x', ...hand, seq: 0 }, 'seq must be'],
  ['fork', { run: 'x', ...hand }, 'from is missing'],
  ['fork', { run: 'x', ...hand, from: '2' }, 'from must be'],
  ['import', hand, 'service is missing'],
])('%s refuses %j', async (name, body, message) => {
  await expect(changeSagas(api, `/sagas/${name}`, body)).rejects.toMatchObject({
    httpStatus: 400,
    message: expect.stringContaining(message),
  })
})

test('there is nothing else', async () => {
  expect(await readSagas(api, '/sagas/else')).toBeUndefined()
  expect(await changeSagas(api, '/sagas/forget', { run: 'x', ...hand })).toBeUndefined()
})
