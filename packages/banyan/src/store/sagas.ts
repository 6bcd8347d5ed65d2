/**
 * The Sagas port: runs of durable functions in the service's own database. A run is one row (where it stands, whose it is) and a
 * journal (what has come of its operations, append-only, numbered). Whoever advances a run holds it under an epoch, and every
 * write names that epoch: a host that was paused and wakes after another took its runs over can write nothing.
 *
 * A run that waits (for a time, an event, a signal, a lock) is held by nobody: it is rows, not memory. `dueMs` says when it is to
 * be looked at again; what comes into its mailbox makes it due at once. All times are those of the database's clock.
 */
import type { SagaLock, SagaLockOutcome } from './saga-locks.ts'
import type { NewSaga, NewSagaMessage, SagaEntry, SagaMessage, SagaRecord, SagaState } from './saga-records.ts'
import type { SagaAudit, SagaFilter, SagaPage } from './saga-views.ts'

export type { SagaLock, SagaLockOutcome } from './saga-locks.ts'
export {
  type NewSaga,
  type NewSagaMessage,
  type SagaEntry,
  type SagaMessage,
  type SagaPriority,
  type SagaRecord,
  type SagaState,
  sagaPriorities,
} from './saga-records.ts'

export type { SagaAudit, SagaCounts, SagaFilter, SagaPage, SagaSummary } from './saga-views.ts'

/** A run that was taken: ours until it is written otherwise. */
export interface TakenSaga {
  readonly saga: SagaRecord
  /** The journal after the place that the taker said it knows. */
  readonly entries: readonly SagaEntry[]
  /** Unread messages, in order. */
  readonly messages: readonly SagaMessage[]
}

/** What becomes of a run together with the entries that are written. */
export type SagaChange =
  /**
   * Waits and is let go: until `dueMs`, or a message. Refused as `mail` when messages beyond `mail` have come: the entries are
   * written, and the run stays held.
   */
  | { readonly to: 'wait'; readonly dueMs: number | undefined; readonly mail: number; readonly note: string }
  /** Held on, in another state. With `mail`, refused as `mail` (and nothing is written) when messages beyond it have come. */
  | { readonly to: 'running' | 'undoing'; readonly mail?: number }
  /** Waits for a person. */
  | { readonly to: 'parked'; readonly note: string }
  /**
   * The end. With `mail`, refused as `mail` when messages beyond it have come: the entries are written, and the run stays held. Its
   * parent's mailbox is told by a message of kind `child` (id: that of the run, with the state behind it the second time; name: the state, key: `seq` of the
   * parent's operation, body: the outcome), its locks are let go, its messages and correlations are forgotten. One that is
   * `continued` tells nobody: the last of its runs does, if it was given the same parent.
   */
  | { readonly to: 'completed'; readonly outcome: string; readonly mail: number }
  | {
      readonly to: 'completed' | 'undone' | 'continued'
      readonly outcome: string
      /** The run that goes on from it; takes its unread messages and its correlations along. */
      readonly next?: NewSaga
    }

/** One write of whoever holds a run. */
export interface SagaWrite {
  readonly id: string
  readonly epoch: number
  readonly holder: string
  readonly entries: readonly SagaEntry[]
  /** Messages that these entries consume: they leave the mailbox. By their places. */
  readonly consumed?: readonly number[]
  /** Child runs that begin with these entries, due at once. What is there already by name, key and run is left as it is. */
  readonly starts?: readonly NewSaga[]
  /** More keys by which events find the mailbox. */
  readonly correlations?: readonly string[]
  readonly change?: SagaChange
}

/** `fenced`: it is not ours any more, and nothing was written. `mail`: see {@link SagaChange}. */
export type SagaWriteOutcome = 'written' | 'mail' | 'fenced'

/** What came of a start. */
export interface SagaStarted {
  readonly id: string
  /**
   * False when there was one by this name, key and run already: `id` and `input` are of that one. When that is the id that was
   * given, an earlier attempt of this very start (its answer was lost) made it, and holds it if it was to be held.
   */
  readonly isNew: boolean
  readonly input: string
  readonly state: SagaState
}

/** Sagas inside one transaction: all of it commits with the rest, or not at all. */
export interface TransactionSagas {
  /** Starts a run, unless there is one by its name, key and run. It is due at once. */
  start(saga: NewSaga): Promise<SagaStarted>
  /**
   * Puts a message into the mailboxes of runs of these names that are not at their end and have its key; says into how many. Each
   * message once, also after it was consumed. Rejects with RESOURCE_EXHAUSTED `MAILBOX_FULL` when one of them is full.
   */
  deliver(message: NewSagaMessage, names: readonly string[]): Promise<number>
  /**
   * Puts a message into one run's mailbox, once (`repeated` also after it was consumed). `ended` when it is at its end, `unknown`
   * when there is none, `full` when it has `maxMailbox` unread messages; those of kind `cancel`, `person`, `child` and `lock`
   * always fit.
   */
  send(to: string, message: NewSagaMessage): Promise<'sent' | 'repeated' | 'ended' | 'unknown' | 'full'>
  /** The newest run of a key as this transaction sees it, with what it has started itself. */
  find(name: string, key: string): Promise<{ readonly id: string; readonly state: SagaState } | undefined>
  /** The same as {@link Sagas.write} for one write. Rejects with {@link Fenced}, and everything is rolled back. */
  write(write: SagaWrite): Promise<'written' | 'mail'>
  /** Who holds a lock, if anybody; the answer stays true until the transaction ends, for whoever changes that waits for it. */
  lock(kind: string, key: string): Promise<SagaLock | undefined>
}

/** What a host asks for when it has room for more runs. It must have said that it lives ({@link Sagas.beat}) before. */
export interface TakeRequest {
  /** `<instance>#<incarnation>`. */
  readonly holder: string
  /** What this host has code for. */
  readonly kinds: readonly { readonly name: string; readonly version: number }[]
  /** At most so many, shared fairly between names; within a name the higher priority first, then who is due longest. */
  readonly limit: number
  /** Only these, if they are due (a host knows that something came for them). */
  readonly ids?: readonly string[]
  /** Entries that the taker still has in memory, by run: only later ones are given. */
  readonly known?: ReadonlyMap<string, number>
}

/** What a look gave. */
export interface Taken {
  readonly taken: readonly TakenSaga[]
  /** More are due than were taken. */
  readonly more: boolean
  /** Until the next one is due, in milliseconds; undefined when none is. */
  readonly nextInMs: number | undefined
  /** The database's clock. */
  readonly nowMs: number
}

/** What a heartbeat gave. */
export interface Beat {
  /** Runs of dead hosts that were let go, so that anybody may take them. */
  readonly reaped: number
  /** Runs that this host holds and that have messages beyond what it said it has read. */
  readonly mail: readonly string[]
  /** Runs that this host said it holds and does not hold any more: nothing it writes for them counts. */
  readonly lost: readonly string[]
  readonly nowMs: number
}

/** The runs of one service. */
export interface Sagas {
  /**
   * True when everything that makes a run due is done by this process and told by {@link onDue}, and `nextInMs` says when the lease
   * of another holder ends: then nobody has to poll. For stores in memory.
   */
  readonly isLocal?: boolean
  /**
   * Starts runs, each in its own right: several commit together, or each by itself. With `holder` a new one is held at once (epoch
   * 1); that host must have said that it lives before, since what nobody alive holds is let go. Without, it is due at once.
   */
  start(sagas: readonly NewSaga[], holder?: string): Promise<readonly SagaStarted[]>
  /**
   * Writes for several runs, one for each, in one commit. Each is fenced by its own epoch: the outcome of each stands in its place. When the
   * commit fails, nothing is written for any. What was written before (an answer that was lost) is known and is `written`.
   */
  write(writes: readonly SagaWrite[]): Promise<readonly SagaWriteOutcome[]>
  /** Takes what is due, oldest first, each by one host only; the epoch is raised. */
  take(request: TakeRequest): Promise<Taken>
  /**
   * Says that a host lives, for `leaseMs` more; lets go what dead hosts and earlier incarnations of this instance held, at most
   * `maxReaped` (1 000) at a time. `held` are its runs with the places of the last messages it has read: what this host has by the
   * books, is not among them and has not changed for half a lease is let go too, since the answer that gave it was lost.
   */
  beat(holder: string, leaseMs: number, held: ReadonlyMap<string, number>): Promise<Beat>
  /** Lets go everything this host holds, as it stands, and forgets the host; the epochs are raised, and all is due at once. For the end of a host. */
  release(holder: string): Promise<number>
  /** Puts a message into one run's mailbox; see {@link TransactionSagas.send}. */
  send(to: string, message: NewSagaMessage): Promise<'sent' | 'repeated' | 'ended' | 'unknown' | 'full'>
  /** Unread messages of a run after a place. */
  messages(id: string, after: number): Promise<readonly SagaMessage[]>
  /** Asks for a lock for a run. Under one epoch like a write: rejects with {@link Fenced}. */
  lock(
    owner: { readonly id: string; readonly epoch: number },
    kind: string,
    key: string,
    ifHeld: 'wait' | 'fail',
  ): Promise<SagaLockOutcome>
  /** Lets a lock go, or stops waiting for it; the next in line has it. */
  unlock(owner: { readonly id: string }, kind: string, key: string): Promise<void>
  /** Locks, the oldest first. */
  locks(limit: number): Promise<readonly SagaLock[]>
  find(id: string): Promise<SagaRecord | undefined>
  /** The newest run of a key. */
  findByKey(name: string, key: string): Promise<SagaRecord | undefined>
  entries(id: string, after: number, limit: number): Promise<readonly SagaEntry[]>
  /** Runs, newest first. */
  list(filter: SagaFilter): Promise<SagaPage>
  counts(): Promise<SagaAudit>
  /**
   * What a person does to a run that nobody advances or that is taken out of somebody's hands: the epoch is raised, the entries
   * are appended (their `n` is given by the store), the state is set, and it is due at once when it goes on. Undefined when its
   * journal has another length by now: look again. Rejects with NOT_FOUND, and with FAILED_PRECONDITION `SAGA_ENDED`; but one that
   * has completed may be brought back to be undone (`undoing`), without the locks and messages that it had. `said` is the note of one that goes on or is parked (empty unless given), or the outcome of one that ends (`{}` unless given).
   */
  mend(
    id: string,
    length: number,
    entries: readonly Omit<SagaEntry, 'n'>[],
    to: 'running' | 'undoing' | 'parked' | 'undone' | 'completed',
    said?: string,
  ): Promise<SagaRecord | undefined>
  /** A run with a whole journal, for forks and imports; it is due at once unless `parked`. Rejects with ALREADY_EXISTS. */
  insert(saga: NewSaga, entries: readonly SagaEntry[], state: 'running' | 'parked'): Promise<SagaRecord>
  /** Removes ended runs that ended longer ago than `keepMs`, at most `limit`; says how many. */
  trim(keepMs: number, limit: number): Promise<number>
  /** The database's clock. */
  now(): Promise<number>
  /**
   * Wakes the listener after a commit of this process that made runs due, or put a message into the mailbox of one that is held.
   * The ids are a hint, none when it is not known which; polling and the heartbeat stand behind it.
   */
  onDue(listener: (ids: readonly string[]) => void): () => void
  /** Tells of runs that a commit of this process has ended. A hint. */
  onEnd(listener: (ids: readonly string[]) => void): () => void
}

/** Keys by which events find one run. */
export const maxCorrelations = 16
/** Unread messages of one run; more are refused (`full`), and an event is then tried again by its delivery. */
export const maxMailbox = 1_000
/** Runs that one heartbeat lets go. */
export const maxReaped = 1_000
