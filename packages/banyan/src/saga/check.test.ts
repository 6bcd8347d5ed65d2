/** Which runs a deploy would stop. */
import { describe, expect, it } from 'vitest'
import { checkSagas } from './check.ts'
import { defineSaga } from './define-saga.ts'
import { createMendingRig, keyOfOrder, OrderInput } from './mending-rig.ts'
import type { Saga } from './saga.ts'

const create = (name: string, step: string, version = 1) =>
  defineSaga(name, {
    version,
    input: OrderInput as never,
    key: keyOfOrder as never,
    async run(saga: Saga) {
      await saga.step(step, () => 1)
      await saga.sleep(86_400_000)
    },
  })

async function withRuns(count: number) {
  const saga = create('waiting', 'reserve')
  const rig = createMendingRig([saga])
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    ids.push(await rig.start(saga, { orderId: `o-${n}` }))
    await rig.environment.advance(10)
  }
  await rig.environment.advance(1_000)
  const using = (...sagas: readonly unknown[]) => ({
    ...rig.place,
    code: { shapes: sagas as never, operations: new Map() },
  })
  return { rig, ids, saga, using }
}

describe('a check', () => {
  it('finds nothing when the code does what it did', async () => {
    const { rig } = await withRuns(3)
    expect(await rig.run(checkSagas(rig.place))).toEqual({
      service: 'orders',
      checked: 3,
      unchecked: 0,
      broken: [],
      brokenRuns: 0,
      withoutCode: [],
    })
  })

  it('says which runs would stop, with both sequences, and changes nothing', async () => {
    const { rig, ids, using } = await withRuns(2)
    const before = await rig.find(ids[0] ?? '')
    const found = await rig.run(checkSagas(using(create('waiting', 'hold'))))
    expect(found).toMatchObject({ checked: 2, brokenRuns: 2 })
    expect(found.broken[1]).toMatchObject({ id: ids[0], key: 'o-0', state: 'running', reason: 'NON_DETERMINISTIC' })
    expect(found.broken[1]?.message).toContain("1 step 'reserve'")
    expect(found.broken[1]?.message).toContain("1 step 'hold'")
    expect(await rig.find(ids[0] ?? '')).toEqual(before)
  })

  it('says for which versions nobody has code any more', async () => {
    const { rig, using, saga } = await withRuns(2)
    const newer = create('waiting', 'hold', 2)
    expect(await rig.run(checkSagas(using(newer)))).toMatchObject({
      checked: 0,
      unchecked: 2,
      withoutCode: [{ name: 'waiting', version: 1, runs: 2 }],
    })
    expect(await rig.run(checkSagas(using(newer, saga)))).toMatchObject({ checked: 2, withoutCode: [] })
    const blind = { ...rig.place, code: undefined }
    expect(await rig.run(checkSagas(blind))).toMatchObject({ withoutCode: [{ runs: 2 }] })
  })

  it('looks at as many as it is told to, the newest or the oldest', async () => {
    const { rig, ids, using } = await withRuns(5)
    const changed = using(create('waiting', 'hold'))
    const newest = await rig.run(checkSagas(changed, { limit: 2 }))
    expect(newest).toMatchObject({ checked: 2, unchecked: 3 })
    expect(newest.broken.map(({ id }) => id)).toEqual([ids[4], ids[3]])
    const oldest = await rig.run(checkSagas(changed, { limit: 2, order: 'oldest' }))
    expect(oldest.broken.map(({ id }) => id)).toEqual([ids[1], ids[0]])
    expect(await rig.run(checkSagas(changed, { name: 'other' }))).toMatchObject({ checked: 0, unchecked: 0 })
  })

  it('names a hundred, and counts all', async () => {
    const { rig, using } = await withRuns(105)
    const found = await rig.run(checkSagas(using(create('waiting', 'hold'))))
    expect([found.broken.length, found.brokenRuns]).toEqual([100, 105])
  })
})
