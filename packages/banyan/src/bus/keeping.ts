/**
 * What a log says and does about what it keeps: which sources it has, who reads them, and what may go. A part of the Bus port
 * of its own, because a log that something else keeps does not have it. Memory, Postgres and NATS have it and pass one contract
 * suite.
 *
 * The log is kept in segments, and a segment goes as a whole. It goes from the beginning on, when every event in it is past
 * the rule of its type and no reader that lives has still to read it; so a source always holds a range without holes.
 */
import type { OutboxCursor } from '../store/outbox.ts'
import type { LoggedEvent } from './logged-event.ts'

/** How long events are kept: what is past either limit may go. Nothing goes without a limit. */
export interface RetentionLimit {
  /** Since it was appended, in milliseconds. */
  readonly ageMs?: number
  /** Of the newest events of this type, counted in whole segments, in bytes of their envelopes. */
  readonly bytes?: number
}

/** The limit for one type of event of a source. */
export interface RetentionRule extends RetentionLimit {
  readonly source: string
  /** `<contract>.<event>.v<major>` */
  readonly type: string
}

/** Where a group has come to: everything up to and including `cursor` is done. */
export interface ReaderPosition {
  readonly source: string
  readonly group: string
  readonly cursor: number
}

/** A group that has told where it is. */
export interface LogReader extends ReaderPosition {
  /** Since it told last, in milliseconds. */
  readonly silentMs: number
  /** Since its cursor moved last (or it was first heard of), in milliseconds. */
  readonly stoodMs: number
  /** What it kept from going in the last round of retention; left out by a log that does not remember it. */
  readonly pinned?: { readonly events: number; readonly bytes: number }
}

/** A reader that keeps events from going which are past their rules. */
export interface Pin {
  readonly source: string
  readonly group: string
  readonly cursor: number
  /** Since when its cursor stands still, in milliseconds. */
  readonly stoodMs: number
  /** What would have gone without it. */
  readonly events: number
  readonly bytes: number
}

/** What {@link LogKeeping.retain} is told. Times in milliseconds. */
export interface RetainOptions {
  readonly rules: readonly RetentionRule[]
  /** Only of these sources; of all when left out. */
  readonly sources?: readonly string[]
  /** For types without a rule. Default: they are kept for ever. */
  readonly fallback?: RetentionLimit
  /**
   * The types of a source, by its name. What others than its relays have written under another type holds nothing back: it goes
   * with what lies around it. Without them, or for a source that is not among them, every type counts.
   */
  readonly types?: ReadonlyMap<string, ReadonlySet<string>>
  /** A reader not heard of for longer pins nothing. Default 7 days. */
  readonly readerTtlMs?: number
}

/** What one round of retention did. */
export interface RetentionReport {
  readonly segments: number
  readonly events: number
  /** Readers in the way, by what they hold. */
  readonly pinned: readonly Pin[]
  /** Segments that somebody was reading just then; tried again in the next round. */
  readonly held: number
}

/** Where counting began for the audit of a source. */
export interface AuditBaseline {
  /** Of which outbox. */
  readonly cluster: string
  /** Events the log had more than that outbox had passed, then. */
  readonly ahead: number
  /** The last offset then. */
  readonly since: number
}

/** A source as the log has it, in one look. */
export interface SourceFacts {
  readonly source: string
  /** The first offset that is still there; one more than `end` when nothing is. */
  readonly start: number
  readonly end: number
  /** Where its outbox was read up to when `end` was appended. */
  readonly cursor: OutboxCursor | undefined
  readonly baseline: AuditBaseline | undefined
  /** Messages up to `end` that no relay wrote, from some place on that stays while the baseline does. None when left out. */
  readonly foreign?: number
}

/** An event without its content. */
export interface LogEntry {
  readonly offset: number
  readonly id: string
  readonly type: string
  readonly key: string
  /** Nobody's relay wrote it: a program that may write into the log did. */
  readonly foreign?: boolean
}

/** What others than relays have written; see {@link LogKeeping.foreign}. */
export interface ForeignPage {
  readonly events: readonly LoggedEvent[]
  /** Looked at up to here. */
  readonly to: number
}

/** See the top of the file. */
export interface LogKeeping {
  source(source: string): Promise<SourceFacts | undefined>
  /** Tells where a group is; also when it stands still, since who is silent for long pins nothing. Never moves back. */
  report(position: ReaderPosition): Promise<void>
  /** Who reads what. */
  readers(): Promise<readonly LogReader[]>
  /** Forgets a reader that will not come back, so that it pins nothing any more; false when it is not known. */
  forget(source: string, group: string): Promise<boolean>
  /** Drops what may go. */
  retain(options: RetainOptions): Promise<RetentionReport>
  /** As `read`, without the contents. */
  entries(source: string, afterOffset: number, limit: number): Promise<readonly LogEntry[]>
  /** Which of these events the log has, wherever they lie in it. Slow: for the few an audit is in doubt about. */
  having(source: string, ids: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * The messages behind an offset that no relay wrote, at most `limit`, with their contents. Left out by a log into which nobody
   * but relays can write.
   */
  foreign?(source: string, afterOffset: number, limit: number): Promise<ForeignPage>
  /**
   * The schemas (`dataschema`) by which the events of a type were written that are still there. Undefined when it cannot be
   * said: the source is not known, an event does not name its schema, or finding out would cost too much. Left out by a log that
   * never can.
   */
  schemas?(source: string, type: string): Promise<readonly string[] | undefined>
  /** Remembers where counting began. */
  setBaseline(source: string, baseline: AuditBaseline): Promise<void>
}

/** How long a reader that is not heard of keeps its place, unless told otherwise. */
export const defaultReaderTtlMs: number = 7 * 86_400_000
