/** Histories out of production, replayed against the code as it is now. */
import { expect, test } from 'vitest'
import { t } from '../contract/index.ts'
import { defineSaga } from '../saga/define-saga.ts'
import { exportSaga } from '../saga/exports.ts'
import { createMendingRig } from '../saga/mending-rig.ts'
import type { Saga } from '../saga/saga.ts'
import { replayExport } from './replay-export.ts'

const settings = {
  version: 1,
  input: t.Object({ orderId: t.String(), card: t.Optional(t.String({ secret: true })) }),
  key: ({ orderId }: { orderId: string }) => orderId,
}
let effects = 0
const create = (steps: readonly string[], gives: unknown = 'well', name = 'shipping') =>
  defineSaga(name, {
    ...settings,
    async run(saga: Saga) {
      const label = saga.newId()
      for (const step of steps) await saga.step(`${step}`, () => (effects += 1))
      await saga.sleep(60_000)
      await saga.step(`label ${label}`, () => (effects += 1))
      return gives
    },
  })

async function exported(ms: number, secrets = true): Promise<object> {
  const saga = create(['pack', 'weigh'])
  const rig = createMendingRig([saga])
  const id = await rig.start(saga, { orderId: 'o-1', card: '4111' })
  await rig.environment.advance(ms)
  return JSON.parse(JSON.stringify(await rig.run(exportSaga(rig.place, id, { secrets })))) as object
}

test('a run that goes on is replayed to where it stands, and nothing is done', async () => {
  const document = await exported(5_000)
  const before = effects
  expect(await replayExport(create(['pack', 'weigh']) as never, document)).toEqual({
    state: 'running',
    open: ["3 sleep 'sleep'"],
    gave: undefined,
    isOver: false,
  })
  expect(effects).toBe(before)
})

test('a run that has ended gives what it gave, with the ids that it computed', async () => {
  const document = await exported(100_000)
  expect(await replayExport(create(['pack', 'weigh']) as never, document)).toMatchObject({
    isOver: true,
    gave: 'well',
    open: [],
  })
})

test('what the code does otherwise is shown beside what was done', async () => {
  const document = await exported(5_000)
  const replay = replayExport(create(['pack', 'wrap']) as never, document)
  await expect(replay).rejects.toMatchObject({ reason: 'NON_DETERMINISTIC' })
  await expect(replay).rejects.toThrow(/2 step 'weigh'[\s\S]*2 step 'wrap'/)
})

test('another end is no less a difference', async () => {
  const ended = await exported(100_000)
  await expect(replayExport(create(['pack', 'weigh'], 'badly') as never, ended)).rejects.toMatchObject({
    reason: 'ENDS_DIFFERENTLY',
    message: 'the run had given "well", and the function now gives "badly"',
  })
  const longer = defineSaga('shipping', {
    ...settings,
    async run(saga: Saga) {
      const label = saga.newId()
      await saga.step('pack', () => 1)
      await saga.step('weigh', () => 1)
      await saga.sleep(60_000)
      await saga.step(`label ${label}`, () => 1)
      await saga.step('insure', () => 1)
    },
  })
  await expect(replayExport(longer as never, ended)).rejects.toThrow("goes on with 5 step 'insure'")
})

test('a document without secrets is replayed as far as they do not matter', async () => {
  const document = await exported(100_000, false)
  expect(JSON.stringify(document)).not.toContain('4111')
  await replayExport(create(['pack', 'weigh'], 'otherwise') as never, document)
})

test('what is no document, or that of another saga, is refused', async () => {
  await expect(replayExport(create([]) as never, { a: 1 })).rejects.toMatchObject({ reason: 'BAD_EXPORT' })
  const document = await exported(5_000)
  await expect(replayExport(create([], '', 'other') as never, document)).rejects.toMatchObject({ reason: 'BAD_EXPORT' })
})
