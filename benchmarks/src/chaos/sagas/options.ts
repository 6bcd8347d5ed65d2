/** The command line of the rig. */
import { parseArgs } from 'node:util'
import type { SystemName } from './words.ts'

/** What happens at a point. */
export type Mode = 'kill' | 'stop' | 'restart' | 'skew'
const modes: readonly Mode[] = ['kill', 'stop', 'restart', 'skew']
const systems: readonly SystemName[] = ['ledger', 'shop']

export interface RigOptions {
  readonly system: SystemName
  readonly modes: readonly Mode[]
  readonly hosts: readonly (1 | 2)[]
  readonly scenarios: readonly string[] | undefined
  /** Of the list of trials, both included. */
  readonly from: number
  readonly to: number
  /** One point of each port, and one of before and after. */
  readonly slice: boolean
  readonly only: RegExp | undefined
  /** Systems at work at the same time, each with a server of its own. */
  readonly lanes: number
  readonly list: boolean
  readonly naive: boolean
}

export const usage = `usage: npm run chaos:sagas -- [options]
  --system ledger|shop   (ledger)
  --mode kill|stop|restart|skew|all   what happens at each point, before it and after it (kill)
  --hosts 1|2|all        one host that is started again, or two of which the other takes over (1)
  --scenario NAME        only this one; all of the system's unless given
  --from N --to N        only these trials, counted from 1
  --only TEXT            only points whose name matches this regular expression
  --slice                one point of each port, before or after in turn
  --lanes N              systems at a time, each with a database server of its own (2)
  --naive                calls of steps under new keys at each attempt, to see that the rig notices: exit 1 is then what should happen
  --list                 says the points and does nothing
`

const flags = {
  system: { type: 'string', default: 'ledger' },
  mode: { type: 'string', default: 'kill' },
  hosts: { type: 'string', default: '1' },
  scenario: { type: 'string' },
  from: { type: 'string', default: '1' },
  to: { type: 'string', default: '1000000' },
  only: { type: 'string' },
  slice: { type: 'boolean', default: false },
  lanes: { type: 'string', default: '2' },
  list: { type: 'boolean', default: false },
  naive: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Undefined when only the usage was asked for. */
export function toRigOptions(args: readonly string[]): RigOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false })
  if (values.help) return undefined
  return {
    system: toOneOf('--system', values.system, systems),
    modes: values.mode === 'all' ? modes : [toOneOf('--mode', values.mode, modes)],
    hosts: values.hosts === 'all' ? [1, 2] : [toOneOf('--hosts', values.hosts, ['1', '2']) === '1' ? 1 : 2],
    scenarios: values.scenario === undefined ? undefined : [values.scenario],
    from: toCount('--from', values.from),
    to: toCount('--to', values.to),
    slice: values.slice,
    only: values.only === undefined ? undefined : new RegExp(values.only),
    lanes: toCount('--lanes', values.lanes),
    list: values.list,
    naive: values.naive,
  }
}

function toOneOf<Word extends string>(flag: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text)
  if (found === undefined) throw new Error(`${flag} must be one of ${words.join(', ')}, is '${text}'`)
  return found
}

function toCount(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new Error(`${flag} takes a whole number from 1, is '${text}'`)
  return Number(text)
}
