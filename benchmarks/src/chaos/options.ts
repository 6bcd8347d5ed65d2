/** The command line of the chaos rig. */
import { parseArgs } from 'node:util'

export type BusKind = 'postgres' | 'nats'
/** `reader`: the relay reads by serial id. `mark`: effect and mark are two transactions. */
export type Naive = 'reader' | 'mark'

export interface ChaosOptions {
  readonly seconds: number
  readonly seed: number
  readonly bus: BusKind
  readonly naive: Naive | undefined
  readonly producers: number
  readonly consumers: number
  readonly keys: number
  /** Transactions a second, all producers together. */
  readonly rate: number
  /** How long everything may take to come to rest once the faults are over. */
  readonly drainSeconds: number
}

export const usage = `usage: npm run chaos:events -- [options]
  --seconds N        how long faults happen (600)
  --seed N           chooses the faults and when they happen (1)
  --bus postgres|nats  what carries the events (postgres)
  --naive reader|mark  something that is known to be wrong, to see that the rig notices: exit 1 is then what should happen
  --producers N  --consumers N  --keys N  --rate N    (2, 3, 40, 300 transactions a second)
  --drain N          seconds for everything to arrive once the faults are over (60)
`

const flags = {
  seconds: { type: 'string', default: '600' },
  seed: { type: 'string', default: '1' },
  bus: { type: 'string', default: 'postgres' },
  naive: { type: 'string' },
  producers: { type: 'string', default: '2' },
  consumers: { type: 'string', default: '3' },
  keys: { type: 'string', default: '40' },
  rate: { type: 'string', default: '300' },
  drain: { type: 'string', default: '60' },
  help: { type: 'boolean', default: false },
} as const

/** Undefined when only the usage was asked for. */
export function toChaosOptions(args: readonly string[]): ChaosOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false })
  if (values.help) return undefined
  const { bus, naive } = values
  if (bus !== 'postgres' && bus !== 'nats') throw new Error(`--bus must be postgres or nats, is '${bus}'`)
  if (naive !== undefined && naive !== 'reader' && naive !== 'mark')
    throw new Error(`--naive must be reader or mark, is '${naive}'`)
  return {
    seconds: toCount('--seconds', values.seconds),
    seed: toCount('--seed', values.seed),
    bus,
    naive,
    producers: toCount('--producers', values.producers),
    consumers: toCount('--consumers', values.consumers),
    keys: toCount('--keys', values.keys),
    rate: toCount('--rate', values.rate),
    drainSeconds: toCount('--drain', values.drain),
  }
}

function toCount(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new Error(`${flag} takes a whole number from 1, is '${text}'`)
  return Number(text)
}
