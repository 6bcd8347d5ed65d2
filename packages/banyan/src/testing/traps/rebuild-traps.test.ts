/**
 * Trap 15, the part about projections: a read model is rebuilt while events go on. (Postgres restarting in the middle of a recovery is
 * what the chaos rig does all the time; slots that are lost are tested where change data capture is.)
 */
import { expect, it } from 'vitest'
import { many } from '../suites/delivery-rig.ts'
import { createKeeperRig } from '../suites/keeper-rig.ts'

/** Rows as the rig's projection writes them. */
function project(labels: readonly string[], mark: string): Record<string, string> {
  const rows: Record<string, string> = {}
  for (const label of labels) {
    const key = label.split(':')[0] as string
    rows[key] = `${rows[key] ?? ''}${mark}${label} `
  }
  return rows
}

it('trap 15: rebuilt from what the log had, then switched to what is new; naively a gap or a double, ours has every event once', async () => {
  const rig = createKeeperRig()
  rig.relay().start()
  const one = rig.define(1)
  await rig.publish(...many(100))
  const live = await rig.keep(one)
  await rig.until(async () => (await rig.logged()).length === 100)

  const replayed = await rig.logged()
  await rig.publish('k0:meanwhile')
  await rig.until(async () => (await rig.logged()).length === 101)
  const atSwitch = (await rig.logged()).length
  await rig.publish('k0:after')
  await rig.until(async () => (await rig.logged()).length === 102)
  const all = await rig.logged()
  const fromSwitch = project([...replayed, ...all.slice(atSwitch)], '+')
  const fromBefore = project([...replayed, ...all.slice(replayed.length - 1)], '+')
  expect(fromSwitch).not.toEqual(project(all, '+'))
  expect(fromSwitch['k0']).not.toContain('meanwhile')
  expect(fromBefore['k4']).toMatch(/(k4:99).*\1/)

  const keeper = await rig.keep(rig.define(2, { previous: one, mark: '+' }))
  await rig.publish('k0:during')
  await rig.until(async () => (await rig.seen(keeper)).version === 2)
  await rig.publish('k0:at last')
  await rig.until(async () => (await rig.seen(keeper)).rows['k0']?.endsWith('at last ') === true)
  expect((await rig.seen(keeper)).rows).toEqual(project(await rig.logged(), '+'))
  await rig.environment.run(keeper.stop(1_000))
  await rig.environment.run(live.stop(1_000))
})
