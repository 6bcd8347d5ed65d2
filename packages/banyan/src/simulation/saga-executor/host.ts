/**
 * What a host does with the run it holds, or believes it holds. What it would write next follows from its view of the journal,
 * the mail it has read and the clock; there is at most one write of a run under way.
 */
import { addLate } from './participant.ts'
import { type Program, readJournal } from './program.ts'
import type { Rules } from './rules.ts'
import type { Change, Host, Row, State, Write, WriteOutcome } from './state.ts'
import { idleHost, setLetter } from './state.ts'

function isBusy({ calls, undo }: Host): boolean {
  return undo > 0 || /[cCeE]/.test(calls)
}

/** The next write; undefined when there is nothing to write yet. */
export function composeWrite(host: Host, state: State, program: Program, rules: Rules): Write | undefined {
  if (host.epoch === 0 || host.write !== undefined) return undefined
  const next = nextChange(host, state, program)
  const queued = host.view.slice(host.durable)
  if (next === undefined && queued === '') return undefined
  const { entry, change } = next ?? { entry: '', change: 'none' as const }
  return {
    epoch: host.epoch,
    incarnation: host.incarnation,
    base: host.durable,
    entries: queued + entry,
    change,
    seen: host.read,
    timer: change === 'wait' && (rules.rewaitKeepsTimer || host.read === 0),
  }
}

interface Next {
  readonly entry: string
  readonly change: Change
}

function nextChange(host: Host, state: State, program: Program): Next | undefined {
  if (host.parking) return { entry: '', change: 'parked' }
  const { isUndoing, passedPoint, hasFailed, isThrough, passive, toUndo } = readJournal(program, host.view)
  if (isUndoing) return isBusy(host) || toUndo.length > 0 ? undefined : { entry: '', change: 'undone' }
  const cancelled = state.mail.slice(0, host.read).includes('c')
  if (!passedPoint && (hasFailed || cancelled)) return { entry: '0U', change: 'undoing' }
  if (isThrough) return { entry: '', change: 'completed' }
  return passive === undefined ? undefined : nextOfPassive(passive, host, state, program)
}

function nextOfPassive(seq: number, host: Host, state: State, program: Program): Next {
  const op = program.ops.get(seq)
  if (op?.is === 'point') return { entry: `${seq}P`, change: 'point' }
  const hasEvent = op?.is === 'wait' && op.event && state.mail.slice(0, host.read).includes('e')
  if (hasEvent) return { entry: `${seq}m`, change: 'none' }
  return state.rang.includes(String(seq)) ? { entry: `${seq}t`, change: 'none' } : { entry: '', change: 'wait' }
}

/** The host with its write under way. What it writes itself is part of its view at once; a point is not, since it may be refused. */
export function sending(host: Host, write: Write): Host {
  const view = write.change === 'point' ? host.view : host.view.slice(0, write.base) + write.entries
  return { ...host, view, write, answer: 'out' }
}

/** What the host does when it hears of its write. */
export function hear(state: State, index: number, outcome: WriteOutcome, program: Program): State {
  const host = state.hosts[index] as Host
  const { write } = host
  if (write === undefined) return state
  const ends = write.change !== 'none' && write.change !== 'point' && write.change !== 'undoing'
  if (outcome === 'fenced' || (outcome === 'written' && ends)) return forget(state, index, program)
  const settled = { ...host, write: undefined, answer: undefined }
  const durable = write.base + write.entries.length
  if (outcome === 'mail' && write.change === 'point') return put(state, index, { ...settled, read: state.mail.length })
  const known = host.view.slice(0, write.base) + write.entries + host.view.slice(durable)
  const view = write.change === 'point' ? host.view.slice(0, write.base) + write.entries : known
  return put(state, index, { ...settled, view, durable, read: outcome === 'mail' ? state.mail.length : host.read })
}

/** The host has no memory of the run any more. What it has under way goes on without it. */
export function forget(state: State, index: number, program: Program): State {
  const host = state.hosts[index] as Host
  let late = host.undo > 0 ? addLate(state.late, host.undo, 'u') : state.late
  for (const seq of program.steps) if ('cCeE'.includes(host.calls[seq] as string)) late = addLate(late, seq, 'f')
  const orphans =
    host.write !== undefined && host.answer === 'out'
      ? [...state.orphans, { host: index, write: host.write }]
      : state.orphans
  const blank = idleHost(program, host.incarnation, host.lease)
  return put({ ...state, late, orphans }, index, { ...blank, life: host.life })
}

/** The run is this host's, with everything that is durable in its view. */
export function takeUp(state: State, index: number, row: Row, program: Program): State {
  const forgotten = forget(state, index, program)
  const host = forgotten.hosts[index] as Host
  let { calls } = host
  // Somebody may have begun what is at the frontier.
  for (const seq of readJournal(program, row.journal).frontier) calls = setLetter(calls, seq, 'i')
  const memory = { epoch: row.epoch, view: row.journal, durable: row.journal.length, read: state.mail.length, calls }
  return put({ ...forgotten, row }, index, { ...host, ...memory })
}

function put(state: State, index: number, host: Host): State {
  return { ...state, hosts: state.hosts.with(index, host) }
}
