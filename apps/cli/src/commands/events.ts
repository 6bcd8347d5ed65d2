/** `banyan events`: what is in the log, who lags, what is dead, and what is to become of it. */
import type { EventsApi } from 'banyan/control'
import { exitCodes, UsageError } from '../failure.ts'
import { withEventDesk } from './open-desk.ts'
import { printRows } from './table.ts'
import { whoAmI } from './who-am-i.ts'

/** Flags that all have. */
interface Flags {
  readonly project: string
  readonly json?: boolean
}

const open = <Result>({ project }: Flags, use: (desk: EventsApi) => Promise<Result>): Promise<Result> =>
  withEventDesk({ project, env: process.env, cwd: process.cwd() }, use)

/** Prints the end of a source's log, or what follows an offset; with `--follow` goes on until it is ended. */
export async function eventsTail(
  source: string,
  flags: Flags & {
    readonly after?: string
    readonly limit: string
    readonly key?: string
    readonly type?: string
    readonly follow?: boolean
  },
): Promise<number> {
  const limit = toCount('--limit', flags.limit, 1, 1_000)
  const filter = { source, limit, ...pick(flags, 'key'), ...pick(flags, 'type') }
  const asked = flags.after === undefined ? undefined : toCount('--after', flags.after, 0, Number.MAX_SAFE_INTEGER)
  return open(flags, async (desk) => {
    let after = asked
    for (;;) {
      const rows = (await desk.tail({ ...filter, ...(after === undefined ? {} : { after }) })) as readonly Tailed[]
      if (flags.follow !== true) {
        printRows(flags.json === true ? rows : rows.map(toLine), flags.json === true)
        return exitCodes.ok
      }
      for (const row of rows) process.stdout.write(`${JSON.stringify(flags.json === true ? row : toLine(row))}\n`)
      after = rows.at(-1)?.offset ?? after ?? 0
      if (rows.length < limit) await new Promise((resolve) => setTimeout(resolve, followMs))
    }
  })
}

const followMs = 500

interface Tailed {
  readonly offset: number
  readonly type: string
  readonly key: string
  readonly id: string
  readonly envelope: { readonly time?: string; readonly data?: unknown }
}

const toLine = ({ offset, type, key, id, envelope }: Tailed): object => ({
  offset,
  time: envelope.time ?? '',
  type,
  key,
  id,
  data: envelope.data ?? '',
})

/** Lists groups with how far they are behind. */
export async function eventsLag(flags: Flags): Promise<number> {
  return open(flags, async (desk) => {
    printRows(await desk.lag(), flags.json === true)
    return exitCodes.ok
  })
}

/** Lists dead letters by failure, or one by one, or those that were given up. */
export async function eventsDead(
  flags: Flags & {
    readonly service?: string
    readonly list?: boolean
    readonly discarded?: boolean
    readonly limit: string
  },
): Promise<number> {
  const { list = false, discarded = false } = flags
  if (list && discarded) throw new UsageError('give either --list or --discarded')
  const limit = toCount('--limit', flags.limit, 1, 99_999)
  return open(flags, async (desk) => {
    printRows(await desk.dead({ ...pick(flags, 'service'), list, discarded, limit }), flags.json === true)
    return exitCodes.ok
  })
}

/** Which dead letters, as typed. */
export interface SelectionFlags extends Flags {
  readonly service: string
  readonly source: string
  readonly group?: string
  readonly event?: string
  readonly fingerprint?: string
  readonly all?: boolean
}

/** Asks for dead letters to be given back to their consumer. */
export async function eventsReplay(flags: SelectionFlags & { readonly perSecond?: string }): Promise<number> {
  const perSecond = flags.perSecond === undefined ? undefined : Number(flags.perSecond)
  if (perSecond !== undefined && !(perSecond > 0))
    throw new UsageError(`--per-second must be more than 0, is '${flags.perSecond}'`)
  const what = toSelection(flags)
  return open(flags, async (desk) => {
    const { keys } = await desk.replay(what, { by: whoAmI(), ...(perSecond === undefined ? {} : { perSecond }) })
    const said = { asked: keys, unit: keys === 1 ? 'key' : 'keys', watch: 'banyan events dead' }
    printRows([said], flags.json === true)
    return keys > 0 ? exitCodes.ok : exitCodes.failed
  })
}

/** Gives dead letters up; what waited behind them goes on. */
export async function eventsDiscard(flags: SelectionFlags & { readonly why: string }): Promise<number> {
  const what = toSelection(flags)
  return open(flags, async (desk) => {
    const { events } = await desk.discard(what, { by: whoAmI(), why: flags.why })
    printRows([{ discarded: events }], flags.json === true)
    return events > 0 ? exitCodes.ok : exitCodes.failed
  })
}

/** Compares outboxes, log and marks; 1 when something is missing, double, out of order or passed over. */
export async function eventsAudit(flags: Flags): Promise<number> {
  return open(flags, async (desk) => {
    const rows = await desk.audit()
    printRows(rows, flags.json === true)
    return rows.some(isWrong) ? exitCodes.failed : exitCodes.ok
  })
}

function isWrong(row: object): boolean {
  const found = row as Readonly<Record<string, unknown>>
  return ['missing', 'duplicated', 'inverted', 'unmarked'].some((name) => Number(found[name] ?? 0) > 0)
}

function toSelection(flags: SelectionFlags): Parameters<EventsApi['replay']>[0] {
  const { service, source, event, fingerprint, all } = flags
  const base = { service, source, ...pick(flags, 'group') }
  const given = [event, fingerprint, all === true ? 'all' : undefined].filter((way) => way !== undefined)
  if (given.length !== 1)
    throw new UsageError('say which: one of --event, --fingerprint or --all', 'See banyan events dead.')
  if (event !== undefined) return { ...base, eventId: event }
  return fingerprint === undefined ? { ...base, all: true } : { ...base, fingerprint }
}

function pick<Name extends string>(
  flags: { readonly [key in Name]?: string },
  name: Name,
): { readonly [key in Name]?: string } {
  const value = flags[name]
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]?: string })
}

function toCount(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`${flag} must be from ${min} to ${max}, is '${text}'`)
}
