/**
 * What the model of the executor knows: one run in the database, hosts with what they hold in memory, participants, and what is
 * under way between them. One run is enough: runs share commits, but each is fenced, and goes on, by itself.
 */
import type { Program } from './program.ts'

export type RunState = 'running' | 'undoing' | 'parked' | 'completed' | 'undone'

/** What becomes of the run with a write; `point` is `running` on condition that no mail has come. */
export type Change = 'none' | 'point' | 'undoing' | 'wait' | 'parked' | 'completed' | 'undone'

/** A write of whoever holds the run, as in the port. */
export interface Write {
  readonly epoch: number
  readonly incarnation: number
  /** Length of the journal before it, in characters. */
  readonly base: number
  readonly entries: string
  readonly change: Change
  /** Messages that the writer has read. */
  readonly seen: number
  /** With `wait`: there is a time at which it ends. */
  readonly timer: boolean
}

export type WriteOutcome = 'written' | 'mail' | 'fenced'

/** How the store was misled; none of them may ever be. Ghosts: the real store has no such field. */
export type Breach =
  | 'a write was accepted from a host that does not hold the run'
  | 'a write was accepted although other entries stand in its place'

/** The run's row, and its journal. */
export interface Row {
  readonly state: RunState
  readonly epoch: number
  /** Index of the host; -1 when nobody holds it. */
  readonly holder: number
  readonly incarnation: number
  readonly journal: string
  /** `timer`: when the current wait's time has come. */
  readonly due: 'none' | 'now' | 'timer'
  /** Ghost: the messages that whoever let it go had read. */
  readonly seen: number
  readonly breach: Breach | undefined
}

/** A host: its process, its lease (a row in the database), and what it has of the run in memory. */
export interface Host {
  readonly life: 'up' | 'stopped' | 'down'
  readonly incarnation: number
  /** The incarnation whose lease has not run out; 0 when it has. */
  readonly lease: number
  /** Under which it believes that it holds the run; 0 when it does not. */
  readonly epoch: number
  /** The journal as the coroutine has seen it; what lies beyond `durable` is in the queue or under way. */
  readonly view: string
  readonly durable: number
  /** Messages it has read. */
  readonly read: number
  /**
   * By operation: `.` not begun, `i` may have been begun by an earlier holder, `t` has failed with unknown outcome and may be
   * tried again, `c` called, `C` called again after a call of unknown outcome, `e` and `E` executed, and the answer waits while
   * the host is stopped.
   */
  readonly calls: string
  /** The step whose undo is being called; 0 for none. */
  readonly undo: number
  /** A person is needed: the next write parks the run. */
  readonly parking: boolean
  readonly write: Write | undefined
  /** What is known of the write: on its way, or what the store said. */
  readonly answer: 'out' | WriteOutcome | undefined
}

export interface State {
  readonly row: Row
  readonly hosts: readonly Host[]
  /** By operation: `.` nothing, `D` done, `2` done twice, `R` refused (and it says so again), `X` undone, or undone in advance. */
  readonly participants: string
  /** By operation: `f` a forward call that nobody waits for any more is under way, `u` an undo, `b` both. */
  readonly late: string
  /** Writes that nobody waits for any more, but that may still be applied. */
  readonly orphans: readonly { readonly host: number; readonly write: Write }[]
  /** What has come for the run: `c` cancel, `e` the event that is waited for. */
  readonly mail: string
  /** Numbers of the waits whose time has come. */
  readonly rang: string
  readonly faultsLeft: number
  readonly undoFailuresLeft: number
  readonly peopleLeft: number
}

/** How big the model is. */
export interface Size {
  readonly hosts: number
  readonly program: string
  /** Crashes, stops, lost calls, broken connections, together. */
  readonly faults: number
  readonly cancel?: boolean
  readonly event?: boolean
  readonly undoFailures?: number
  /** How often a person steps in. */
  readonly people?: number
}

const blank = (program: Program): string => '.'.repeat(program.ops.size + 1)

export function idleHost(program: Program, incarnation: number, lease: number): Host {
  const memory = { epoch: 0, view: '', durable: 0, read: 0, calls: blank(program), undo: 0, parking: false }
  return { life: 'up', incarnation, lease, ...memory, write: undefined, answer: undefined }
}

/** A run that waits for somebody, and one that its first host has held from its start. */
export function initialStates(size: Size, program: Program): State[] {
  const hosts = Array.from({ length: size.hosts }, () => idleHost(program, 1, 1))
  const row: Row = {
    state: 'running',
    epoch: 1,
    holder: -1,
    incarnation: 0,
    journal: '',
    due: 'now',
    seen: 0,
    breach: undefined,
  }
  const state: State = {
    row,
    hosts,
    participants: blank(program),
    late: blank(program),
    orphans: [],
    mail: '',
    rang: '',
    faultsLeft: size.faults,
    undoFailuresLeft: size.undoFailures ?? 0,
    peopleLeft: size.people ?? 0,
  }
  const held: Row = { ...row, holder: 0, incarnation: 1, due: 'none' }
  return [state, { ...state, row: held, hosts: hosts.with(0, { ...(hosts[0] as Host), epoch: 1 }) }]
}

export function setLetter(text: string, at: number, letter: string): string {
  return text.slice(0, at) + letter + text.slice(at + 1)
}

export function setHost(state: State, index: number, change: Partial<Host>): State {
  return { ...state, hosts: state.hosts.with(index, { ...(state.hosts[index] as Host), ...change }) }
}

/** The step's forward call is under way. */
export function isCalling(host: Host, seq: number): boolean {
  return 'cCeE'.includes(host.calls[seq] as string)
}

/** All that the host knows of the journal is durable. */
export function isQueueEmpty(host: Host): boolean {
  return host.durable === host.view.length
}
