/** Replays: what stays the same, and what is said when code and journal do not agree. */
import { describe, expect, it } from 'vitest'
import { lookAt, sagaOf } from './fixtures/sagas.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import type { Saga } from './saga.ts'

const steps = (names: readonly string[]) => async (saga: Saga) => {
  for (const name of names) await saga.step(name, () => name)
  await saga.sleep(60_000)
  return names.length
}

/** Runs the first until it waits, then goes on with the second at another host. */
async function change(rig: SagaRig, before: (saga: Saga) => Promise<unknown>, after: (saga: Saga) => Promise<unknown>) {
  const executor = rig.host('one', [sagaOf(before)])
  await rig.environment.advance(10)
  const id = await rig.begin(executor, sagaOf(before), { orderId: 'o-1' })
  await rig.environment.advance(1_000)
  await rig.environment.run(executor.stop(1_000))
  rig.host('two', [sagaOf(after)])
  return lookAt(rig, await rig.until(id, 'completed', 'parked', 'undone'))
}

describe('a function that does something else than before', () => {
  it.each([
    ['another name', ['a', 'x', 'c'], "operation 2 was step 'b' and is step 'x' now"],
    ['one less', ['a', 'b'], "operation 3 was step 'c' and is sleep 'sleep' now"],
    ['one more', ['a', 'a2', 'b', 'c'], "operation 2 was step 'b' and is step 'a2' now"],
    ['another order', ['b', 'a', 'c'], "operation 1 was step 'a' and is step 'b' now"],
  ])('waits for a person, who sees both: %s', async (_what, names, message) => {
    const rig = createSagaRig()
    const ended = await change(rig, steps(['a', 'b', 'c']), steps(names))
    expect(ended.parked?.reason).toBe('NON_DETERMINISTIC')
    expect(ended.parked?.message).toContain(message)
    expect(ended.parked?.message).toContain("  the journal has\n    1 step 'a'\n    2 step 'b'\n    3 step 'c'")
    expect(ended.parked?.message).toContain('  the function does\n')
  })

  it('ends too early', async () => {
    const rig = createSagaRig()
    const ended = await change(rig, steps(['a', 'b']), async (saga) => saga.step('a', () => 'a'))
    expect(ended.parked?.message).toContain("the journal goes on with step 'b', the function has ended")
  })

  it('is shown around the place, however long it is', async () => {
    const rig = createSagaRig()
    const names = Array.from({ length: 500 }, (_, n) => `s${n}`)
    const ended = await change(rig, steps(names), steps([...names.slice(0, 300), 'other']))
    expect(ended.parked?.message).toContain("301 step 's300'")
    expect(ended.parked?.message).toContain("301 step 'other'")
    expect(ended.parked?.message).toContain('… 290 before')
    expect(ended.parked?.message.length).toBeLessThan(2_000)
  })

  it('goes on by the old way where it says patched, and new runs by the new one', async () => {
    const rig = createSagaRig()
    const made = (log: string[]) => async (saga: Saga) => {
      await saga.step('a', () => 'a')
      log.push(saga.patched('two parcels') ? 'new' : 'old')
      if (log.at(-1) === 'new') await saga.step('b1', () => 'b1')
      else await saga.step('b', () => 'b')
      await saga.sleep(60_000)
      return log.at(-1)
    }
    const log: string[] = []
    expect((await change(rig, steps(['a', 'b']), made(log))).ok).toBe('old')
    const other = createSagaRig()
    expect((await change(other, made(log), made(log))).ok).toBe('new')
  })
})

describe('what the saga gives', () => {
  it('is the same at every replay: times, randomness, ids', async () => {
    const rig = createSagaRig()
    const seen = new Set<string>()
    const saga = sagaOf(async (saga) => {
      const values: unknown[] = [saga.now(), saga.random(), saga.newId()]
      await saga.step('a', () => 1)
      values.push(saga.now(), saga.random(), saga.newId())
      seen.add(JSON.stringify(values))
      for (let n = 0; n < 5; n++) await saga.sleep(1_000)
      values.push(saga.newId())
      return values
    })
    const executor = rig.host('one', [saga], { maxCached: 0 })
    await rig.environment.advance(10)
    const id = await rig.begin(executor, saga, { orderId: 'o-1' })
    const ended = await lookAt(rig, await rig.until(id, 'completed', 'parked'))
    expect(executor.status().replayed).toBe(5)
    expect(seen.size).toBe(1)
    // Two of them may be of one time.
    expect(new Set(ended.ok as unknown[]).size).toBeGreaterThanOrEqual(6)
  })

  it('is a key for each operation that no attempt, replay or host changes', async () => {
    const rig = createSagaRig()
    const keys = new Map<string, Set<string>>()
    let tried = 0
    const run = async (saga: Saga) => {
      for (const name of ['a', 'b'])
        await saga.step(name, (ctx) => {
          const of = keys.get(name) ?? new Set()
          keys.set(name, of.add(ctx.idempotencyKey))
          tried += 1
          if (name === 'b' && tried < 6) throw new Error('again')
        })
      await saga.sleep(1_000)
    }
    const ended = await change(rig, run, run)
    expect(ended.state).toBe('completed')
    expect([...keys.values()].map((of) => of.size)).toEqual([1, 1])
    expect([...(keys.get('a') ?? [])][0]).toMatch(new RegExp(`^${ended.id}\\.1\\.[0-9a-z]+$`))
  })
})
