/**
 * A minute of the chaos rig, half of it over each bus, and the proof that it has teeth: what is known to be wrong is found wrong by the same faults. The
 * long run is `npm run chaos:events`.
 */
import { isFlawless, toVerdictLine } from 'banyan/testing'
import { expect, it } from 'vitest'
import { findNatsServer } from './broker.ts'
import { type ChaosOptions, toChaosOptions } from './options.ts'
import { runChaos } from './run.ts'

const silent = (): void => undefined
const asked = (...args: readonly string[]): ChaosOptions => {
  const options = toChaosOptions(args)
  if (options === undefined) throw new Error('the usage was asked for')
  return options
}

const arrangements = [
  ['two Postgres servers', 'postgres', true],
  ['NATS, three servers', 'nats', findNatsServer() !== undefined],
] as const

// A missing engine is a gap for a user and a failure where it was promised.
for (const [name, bus, installed] of arrangements)
  it.skipIf(!installed && process.env['BANYAN_REQUIRE_ENGINES'] !== '1')(
    `loses, doubles, inverts and leaves nothing while everything is killed: ${name}`,
    { timeout: 240_000 },
    async () => {
      const { verdict, faults, faultyAudits } = await runChaos(
        asked('--seconds', '30', '--seed', '7', '--bus', bus),
        silent,
      )
      expect(toVerdictLine(verdict)).toBe('lost 0, duplicated 0, inverted 0, stuck 0')
      expect(verdict.examples).toEqual([])
      expect(faultyAudits).toBe(0)
      expect(verdict.committed).toBeGreaterThan(0)
      expect(verdict.recorded).toBe(verdict.committed)
      expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3)
    },
  )

// That the rig has teeth: half a minute that CI leaves out, with BANYAN_EVERY_ENGINE=1.
const teeth = it.skipIf(process.env['BANYAN_EVERY_ENGINE'] === undefined)

teeth('finds what a relay loses that reads by serial id', { timeout: 240_000 }, async () => {
  const { verdict } = await runChaos(asked('--seconds', '4', '--drain', '3', '--naive', 'reader'), silent)
  expect(verdict.lost).toBeGreaterThan(0)
  expect(isFlawless(verdict)).toBe(false)
})

teeth('finds what is doubled when effect and mark are two transactions', { timeout: 240_000 }, async () => {
  const { verdict } = await runChaos(
    asked('--seconds', '10', '--drain', '20', '--naive', 'mark', '--consumers', '1'),
    silent,
  )
  expect(verdict.duplicated).toBeGreaterThan(0)
  expect(verdict.lost).toBe(0)
})

it.each([
  [['--bus', 'carrier-pigeon'], /--bus must be postgres or nats/],
  [['--naive', 'all'], /--naive must be reader or mark/],
  [['--seconds', '0'], /--seconds takes a whole number/],
  [['--rate', '1.5'], /--rate takes a whole number/],
])('refuses %j, naming the rule', (args, message) => {
  expect(() => toChaosOptions(args)).toThrow(message)
})
