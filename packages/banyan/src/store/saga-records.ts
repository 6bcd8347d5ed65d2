/** What a run of a saga is made of: how it was started, its journal, its mailbox, where it stands. */

/**
 * Where a run stands. `running` and `undoing` go on by themselves; `parked` waits for a person; the others are ends:
 * `completed`, `undone` (it failed or was cancelled, and everything was undone), `continued` (its next run goes on from it).
 */
export type SagaState = 'running' | 'undoing' | 'parked' | 'completed' | 'undone' | 'continued'

/** Runs of higher priority are taken first; the number is what is stored. */
export const sagaPriorities = { high: 0, normal: 1, low: 2 } as const
/** How urgent a run is among those of its name. */
export type SagaPriority = keyof typeof sagaPriorities

/** What a run was started with. */
export interface NewSaga {
  /** UUIDv7. */
  readonly id: string
  /** The saga's name, as in its definition. */
  readonly name: string
  readonly version: number
  /** Starting is idempotent by (name, key, run). */
  readonly key: string
  /** 1, and one more each time it continues as a new run. */
  readonly run: number
  /** JSON text. */
  readonly input: string
  readonly priority: SagaPriority
  /** Until when it must have ended, counted from its start, in milliseconds; undefined for ever. */
  readonly timeoutMs: number | undefined
  /** More keys by which events find its mailbox, from its start on; its own key always does. At most `maxCorrelations` (16). */
  readonly correlations: readonly string[]
  /** The run and the operation that wait for its end. */
  readonly parent: { readonly id: string; readonly seq: number } | undefined
  /** W3C traceparent of what started it. */
  readonly traceparent: string | undefined
  /** What started it: `event <id>`, `call <caller>`, `saga <id>`, `person <name>`. */
  readonly startedBy: string
}

/** One line of a journal. */
export interface SagaEntry {
  /** Its place in the journal: 1, 2, 3 … without gaps. */
  readonly n: number
  /** The operation of the function that it belongs to: 1, 2, 3 … in the order of their starts; 0 for the run itself. */
  readonly seq: number
  /** What it is about; see saga/journal.ts. At most 32 characters. */
  readonly kind: string
  /** The operation's name; at most 200 characters. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** JSON text. */
  readonly body: string
}

/** Something that came for a run. */
export interface SagaMessage {
  /** Its place in the mailbox; only grows. */
  readonly n: number
  /** By which a repetition is known: an event's id, a signal's. */
  readonly id: string
  /** `event`, `signal`, `update`, `child`, `lock`, `cancel`, `person`. */
  readonly kind: string
  /** The event's type, the signal's name … */
  readonly name: string
  /** The correlation key it came by; empty for what was sent to the run itself. */
  readonly key: string
  /** JSON text. */
  readonly body: string
  readonly atMs: number
}

/** A message on its way. */
export type NewSagaMessage = Omit<SagaMessage, 'n' | 'atMs'>

/** A run as it is stored. */
export interface SagaRecord extends Omit<NewSaga, 'timeoutMs' | 'correlations'> {
  readonly state: SagaState
  /** Raised each time it changes hands. */
  readonly epoch: number
  /** `<instance>#<incarnation>` of the host that advances it; undefined while it waits or has ended. */
  readonly holder: string | undefined
  /** Place of the last entry of its journal. */
  readonly length: number
  /** Place of the last message of its mailbox. */
  readonly mail: number
  /** When it is to be taken up again; undefined while it is held, waits for a message alone, or has ended. */
  readonly dueMs: number | undefined
  /** Why it waits or is parked, for people: JSON text `{ … }`; empty when there is nothing to say. */
  readonly note: string
  readonly startedMs: number
  /** Until when it must have ended. */
  readonly deadlineMs: number | undefined
  readonly changedMs: number
  readonly endedMs: number | undefined
  /** What came of it, JSON text: `{ ok }` or `{ error }`. */
  readonly outcome: string | undefined
  /** The run that goes on from it, when it is `continued`. */
  readonly next: string | undefined
}
