/** What stands in a journal: the kinds of entries and their bodies. Plain JSON, readable by people, and the same in every release. */
import type { ErrorDocument, Outcome } from '../core/error.ts'
import type { NewSagaMessage, SagaEntry, SagaMessage } from '../store/sagas.ts'
import type { ExternalFacts } from './external.ts'

/** Kinds that settle an operation of the function; they are given to it again when it is run again. */
export const settlingKinds = [
  'step',
  'tx',
  'sleep',
  'wait',
  'receive',
  'child',
  'lock',
  'unlock',
  'point',
  'patch',
] as const
export type SettlingKind = (typeof settlingKinds)[number]

/**
 * Kinds beside them: `undoing` (the function's part is over, and why), `undo` (what came of undoing an operation), `answer` (to a
 * request), `note` (something that people should know), `mended` (what a person did).
 */
export type SideKind = 'undoing' | 'undo' | 'answer' | 'note' | 'mended'

const settling: ReadonlySet<string> = new Set(settlingKinds)

/** True for an entry that settles an operation. */
export function isSettling(entry: SagaEntry): boolean {
  return settling.has(entry.kind)
}

/** A call that a step has made. */
export interface CallNote {
  /** The operation's name on the wire. */
  readonly operation: string
  readonly key: string
  /** What it was called with, without what its schema hides; left out when it is long. */
  readonly input?: unknown
}

/** What came of an operation. */
export interface Settled {
  readonly ok?: unknown
  readonly error?: ErrorDocument
  /** Of a failed step: whether it may have been done after all. */
  readonly outcome?: Outcome
  readonly attempts?: number
  readonly calls?: readonly CallNote[]
  /** Milliseconds the last attempt took. */
  readonly tookMs?: number
  /** Of a step at an external system: where it went, under which key, and what was answered last. */
  readonly external?: ExternalFacts
}

/** That everything is taken back from here on, and why. */
export interface Undoing {
  readonly reason: ErrorDocument
  /** Operations that were under way, and may have been done. Left out by people: then all without an outcome may have been. */
  readonly begun?: readonly number[]
}

/** What came of an undo. `skipped`: there was nothing to undo, or a person said so. */
export interface Undone {
  readonly outcome: 'undone' | 'skipped' | 'failed'
  readonly why?: string
  readonly error?: ErrorDocument
  readonly attempts?: number
  readonly calls?: readonly CallNote[]
}

/** What a person did; with the seq of the operation that it is about, or 0. */
export interface Mended {
  readonly action: 'retry' | 'skip' | 'compensate' | 'fork' | 'import'
  readonly by: string
  readonly why: string
  /** The host that had the run in its hands, and was refused from then on. */
  readonly takenFrom?: string
  /** Of a fork or an import: where the journal comes from. */
  readonly origin?: Origin
}

/**
 * Where a journal was written that now belongs to another run, or to the same one elsewhere. What the function has computed from
 * its run (times, randomness, ids) has to be the same again as far as the journal came along.
 */
export interface Origin {
  readonly id: string
  /** As the function knows it: what it waits for by key comes under this one. */
  readonly key: string
  /** When it was started; that of the run itself when nothing came along. */
  readonly startedMs?: number
  /** So many outcomes were given to the function while the run had this id; and from then on the one that it has. */
  readonly ids: readonly { readonly id: string; readonly outcomes: number }[]
}

/** The origin of a journal; undefined for one that was begun where it is. */
export function originOf([first]: readonly Pick<SagaEntry, 'kind' | 'body'>[]): Origin | undefined {
  return first?.kind === 'mended' ? bodyOf<Mended>(first).origin : undefined
}

/** What is said of a run that waits or is parked; stored beside it, since it changes without an entry. */
export interface SagaNote {
  /** What it waits for, for people. */
  readonly waits?: readonly string[]
  /** Why it is parked. */
  readonly parked?: { readonly reason: string; readonly message: string; readonly seq?: number }
  /** The undo that failed. */
  readonly failed?: { readonly seq: number; readonly error: ErrorDocument }
  /** Attempts that have failed and will be made again, by operation (`3`) or undo (`u3`). */
  readonly retries?: Readonly<
    Record<
      string,
      { readonly attempts: number; readonly dueMs: number; readonly error: string; readonly outcome?: Outcome }
    >
  >
}

/** Under which name a note keeps since when the outcome of an external step is unknown; due when it is given up. */
export const pursuitLabel = (seq: number): string => `x${seq}`

/** A body that is read. */
export function bodyOf<Body>(entry: Pick<SagaEntry, 'body'>): Body {
  return JSON.parse(entry.body) as Body
}

/** A note that is read; empty when there is none. */
export function noteOf(text: string): SagaNote {
  return text === '' ? {} : (JSON.parse(text) as SagaNote)
}

/** A request to cancel. */
export function toCancel(id: string, by: string, why: string): NewSagaMessage {
  return { id, kind: 'cancel', name: 'cancel', key: '', body: JSON.stringify({ by, why }) }
}

/** Who wants it cancelled, and why. */
export function fromCancel(message: SagaMessage): { readonly by: string; readonly why: string } {
  return JSON.parse(message.body) as { by: string; why: string }
}

/** An event as it lies in mailboxes and journals. */
export interface EventBody {
  readonly data: unknown
  /** When it was published, in milliseconds since 1970. */
  readonly timeMs: number
  /** The service that published it. */
  readonly source: string
  /** The event that its publisher was handling. */
  readonly causationId?: string | undefined
}

/** What an event says, besides its id, type and key. */
export function fromEventMessage({ id, name: type, key, body }: SagaMessage): EventBody & {
  readonly id: string
  readonly type: string
  readonly key: string
} {
  return { id, type, key, ...(JSON.parse(body) as EventBody) }
}
