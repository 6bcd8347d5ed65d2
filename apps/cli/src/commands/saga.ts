/** `banyan saga`: which runs there are, one of them in full, what a deploy would stop, and what a person does about a run. */
import { readFile, writeFile } from 'node:fs/promises'
import type { SagaName } from 'banyan/control'
import type { MendedRun, RunView, SagaCheck } from 'banyan/saga'
import { CommandError, exitCodes, UsageError } from '../failure.ts'
import type { SagaRow } from '../sagas/saga-row.ts'
import { formatRun } from '../sagas/saga-text.ts'
import { withSagaDesk } from './open-saga-desk.ts'
import { printRows } from './table.ts'
import { whoAmI } from './who-am-i.ts'

interface Flags {
  readonly project: string
  readonly json?: boolean
  readonly service?: string
}

/** What says who and why. */
export interface HandFlags extends Flags {
  readonly by?: string
  readonly why: string
}

const toName = (run: string, { service }: Flags): SagaName => ({ run, ...(service === undefined ? {} : { service }) })
const toHand = ({ by, why }: HandFlags): { readonly by: string; readonly why: string } => ({ by: by ?? whoAmI(), why })

function toNumber(what: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`${what} must be a whole number from ${min} to ${max}, is '${text}'`)
}

const print = (value: object): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)

/** Flags of the list. */
export interface ListFlags extends Flags {
  readonly name?: string
  readonly key?: string
  readonly state?: readonly string[]
  readonly stuck?: string | true
  readonly late?: true
  readonly before?: string
  readonly limit: string
}

/** Runs, the newest first; exit code 0 also when there are none. */
export async function sagaList(flags: ListFlags): Promise<number> {
  const limit = toNumber('--limit', flags.limit, 1, 1_000)
  const stuckMs = flags.stuck === undefined ? undefined : toStuckMs(flags.stuck)
  const { service, name, key, state: states, before, late } = flags
  const given = Object.entries({ service, name, key, states, before, stuckMs, late }).filter(
    ([, value]) => value !== undefined,
  )
  return withSagaDesk(flags.project, async (desk) => {
    const { sagas, next } = await desk.list({ limit, ...Object.fromEntries(given) })
    if (flags.json === true) {
      print({ sagas, ...(next === undefined ? {} : { next }) })
      return exitCodes.ok
    }
    printRows((sagas as readonly SagaRow[]).map(toLine), false)
    if (next !== undefined) process.stdout.write(`More: --before ${next}\n`)
    return exitCodes.ok
  })
}

const defaultStuckSeconds = 300

function toStuckMs(given: string | true): number {
  return 1_000 * (given === true ? defaultStuckSeconds : toNumber('--stuck', given, 0, 315_360_000))
}

function toLine(row: SagaRow): object {
  const { service, id, name, version, key, run, quietMs, holder, dueAt, waitsFor, parked, lateSince } = row
  const waits = parked === undefined ? waitsFor.join('; ') : `${parked.reason}${parked.seq ? ` at ${parked.seq}` : ''}`
  const state = lateSince === undefined ? row.state : `${row.state}, late`
  const quiet = `${Math.round(quietMs / 1_000)} s`
  return {
    ...{ service, name: `${name} v${version}`, key: run > 1 ? `${key} (run ${run})` : key, state, quiet },
    at: holder ?? (dueAt === undefined ? '' : `due ${dueAt}`),
    waits,
    id,
  }
}

/** One run in full. */
export async function sagaShow(run: string, flags: Flags & { readonly secrets?: boolean }): Promise<number> {
  return withSagaDesk(flags.project, async (desk) => {
    const view = (await desk.show({ ...toName(run, flags), secrets: flags.secrets === true })) as RunView
    if (flags.json === true) print(view)
    else process.stdout.write(formatRun(view))
    return exitCodes.ok
  })
}

/** Locks with owner and age, and who waits. */
export async function sagaLocks(flags: Flags & { readonly limit: string }): Promise<number> {
  const limit = toNumber('--limit', flags.limit, 1, 10_000)
  return withSagaDesk(flags.project, async (desk) => {
    const { service } = flags
    const locks = (await desk.locks({ limit, ...(service === undefined ? {} : { service }) })) as readonly Lock[]
    printRows(flags.json === true ? locks : locks.map(toLockLine), flags.json === true)
    return exitCodes.ok
  })
}

interface Lock {
  readonly service: string
  readonly kind: string
  readonly key: string
  readonly owner: string
  readonly ownerName: string
  readonly sinceMs: number
  readonly waiting: readonly unknown[]
}

function toLockLine({ service, kind, key, owner, ownerName, sinceMs, waiting }: Lock): object {
  return {
    service,
    kind,
    key,
    heldBy: ownerName,
    since: new Date(sinceMs).toISOString(),
    waiting: waiting.length,
    owner,
  }
}

/** Does something to a run, and prints what came of it. */
export async function sagaMend(
  action: 'retry' | 'compensate' | 'cancel',
  run: string,
  flags: HandFlags,
): Promise<number> {
  return withSagaDesk(flags.project, async (desk) => done(flags, await desk[action](toName(run, flags), toHand(flags))))
}

/** Skips a step or an undo. */
export async function sagaSkip(
  run: string,
  seq: string | undefined,
  flags: HandFlags & { readonly result?: string },
): Promise<number> {
  const which = seq === undefined ? {} : { seq: toNumber('the operation', seq, 1, 1_000_000) }
  const result = flags.result === undefined ? {} : { result: toJson('--result', flags.result) }
  return withSagaDesk(flags.project, async (desk) =>
    done(flags, await desk.skip({ ...toName(run, flags), ...which, ...result }, toHand(flags))),
  )
}

/** Starts a new run from an operation of one. */
export async function sagaFork(
  run: string,
  flags: HandFlags & { readonly from: string; readonly key?: string; readonly version?: string },
): Promise<number> {
  const from = toNumber('--from', flags.from, 1, 1_000_000)
  const version = flags.version === undefined ? {} : { version: toNumber('--version', flags.version, 1, 1_000_000) }
  const key = flags.key === undefined ? {} : { key: flags.key }
  return withSagaDesk(flags.project, async (desk) =>
    done(flags, await desk.fork({ ...toName(run, flags), from, ...key, ...version }, toHand(flags))),
  )
}

function done({ json }: Flags, given: object): number {
  const { takenFrom, ...run } = given as MendedRun
  if (json === true) print(given)
  else {
    printRows([run], false)
    if (takenFrom !== undefined)
      process.stdout.write(`It was in the hands of ${takenFrom}, which can write nothing more to it.\n`)
  }
  return exitCodes.ok
}

/** Writes a run's document to a file, or prints it. */
export async function sagaExport(
  run: string,
  flags: Flags & { readonly out?: string; readonly secrets?: boolean },
): Promise<number> {
  return withSagaDesk(flags.project, async (desk) => {
    const document = await desk.export({ ...toName(run, flags), secrets: flags.secrets === true })
    const text = `${JSON.stringify(document, null, 2)}\n`
    // It may hold secrets, and always holds what customers did.
    if (flags.out === undefined) process.stdout.write(text)
    else await writeFile(flags.out, text, { mode: 0o600 })
    return exitCodes.ok
  })
}

/** Puts a run that was exported into a service's database; it stands parked there. */
export async function sagaImport(service: string, file: string, flags: HandFlags): Promise<number> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(`${file} cannot be read: ${error.message}`, 'Give what banyan saga export wrote.')
  })
  const document = toJson(file, text)
  return withSagaDesk(flags.project, async (desk) =>
    done(flags, await desk.import({ service, document }, toHand(flags))),
  )
}

function toJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new UsageError(`${what} is not JSON`)
  }
}

/** Replays what is stored against the code; 1 when runs would stop, or nobody has their code. */
export async function sagaCheck(
  flags: Flags & { readonly name?: string; readonly runs: string; readonly oldest?: boolean },
): Promise<number> {
  const limit = toNumber('--runs', flags.runs, 1, 1_000_000)
  const { service, name } = flags
  const order = flags.oldest === true ? 'oldest' : 'newest'
  return withSagaDesk(flags.project, async (desk) => {
    const query = {
      limit,
      order,
      ...(service === undefined ? {} : { service }),
      ...(name === undefined ? {} : { name }),
    }
    const found = (await desk.check(query as never)) as readonly SagaCheck[]
    if (flags.json === true) print(found)
    else for (const one of found) process.stdout.write(formatCheck(one))
    const isFine = found.every(({ brokenRuns, withoutCode }) => brokenRuns + withoutCode.length === 0)
    return isFine ? exitCodes.ok : exitCodes.failed
  })
}

function formatCheck({ service, checked, unchecked, broken, brokenRuns, withoutCode }: SagaCheck): string {
  const lines = [`${service}: ${checked} runs replayed, ${brokenRuns} would stop, ${unchecked} not looked at`]
  for (const { name, version, runs } of withoutCode)
    lines.push(`  no code for ${name} v${version}: ${runs} runs have not ended`)
  for (const { name, version, key, id, message } of broken)
    lines.push(`  ${name} v${version} '${key}' (${id})`, ...message.split('\n').map((line) => `    ${line}`))
  if (brokenRuns > broken.length) lines.push(`  and ${brokenRuns - broken.length} more`)
  return `${lines.join('\n')}\n`
}
