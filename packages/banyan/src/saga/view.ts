/** One run as people see it. Plain JSON; times are ISO 8601 text, `***` stands for what a schema hides. */

import type { ErrorDocument } from '../core/error.ts'
import type { SagaState } from '../store/sagas.ts'
import type { ExternalFacts } from './external.ts'
import type { FlowView } from './flow-view.ts'
import type { CallNote, SettlingKind } from './journal.ts'

/**
 * What became of an operation: `done` (its outcome is in the journal), `not done` (certainly nothing happened), `unknown` (it may
 * have happened: it was begun by somebody who is gone, is under way, or its last attempt had no answer).
 */
export type Standing = 'done' | 'not done' | 'unknown'

/** What became of taking an operation back; `to do` while the run is being undone and its turn has not come. */
export interface UndoView {
  readonly stands: 'undone' | 'skipped' | 'failed' | 'to do'
  readonly why?: string
  readonly attempts?: number
  readonly error?: ErrorDocument | string
  readonly at?: string
}

/** An operation of the function. */
export interface OperationView {
  readonly seq: number
  readonly kind: SettlingKind
  readonly name: string
  readonly stands: Standing
  /** What that means, in a sentence. */
  readonly means: string
  readonly at?: string
  readonly attempts?: number
  readonly tookMs?: number
  readonly output?: unknown
  readonly error?: ErrorDocument
  readonly calls?: readonly CallNote[]
  /** Of a step at an external system: where it went, under which key, and what was answered last. */
  readonly external?: ExternalFacts
  /** An attempt that failed and will be made again. */
  readonly retry?: { readonly attempts: number; readonly at: string; readonly error: string }
  readonly waitsFor?: string
  readonly until?: string
  readonly undo?: UndoView
}

/** What a person did. */
export interface HandView {
  readonly at: string
  readonly action: string
  readonly by: string
  readonly why: string
  readonly seq?: number
  readonly takenFrom?: string
  /** Of a fork or an import: the run that the journal comes from. */
  readonly from?: string
}

/** A lock that the run holds or waits for. */
export interface LockView {
  readonly kind: string
  readonly key: string
  readonly stands: 'held' | 'waiting'
  readonly since: string
  /** Who holds it while this one waits. */
  readonly heldBy?: string
  /** How many wait for it. */
  readonly waiting: number
}

/** See the top of the file. */
export interface RunView {
  readonly service: string
  readonly id: string
  readonly name: string
  readonly version: number
  readonly key: string
  readonly run: number
  readonly state: SagaState
  /** What that means now, in a sentence. */
  readonly means: string
  readonly priority: string
  readonly startedBy: string
  readonly startedAt: string
  readonly changedAt: string
  readonly deadlineAt?: string
  readonly endedAt?: string
  /** The host that advances it. */
  readonly holder?: string
  /** When it is taken up again, if nothing comes for it before. */
  readonly dueAt?: string
  readonly waitsFor: readonly string[]
  readonly parked?: { readonly reason: string; readonly message: string; readonly seq?: number }
  readonly input: unknown
  readonly outcome?: unknown
  readonly isPastNoReturn: boolean
  /** Why everything is taken back. */
  readonly undoing?: { readonly at: string; readonly error: ErrorDocument }
  readonly operations: readonly OperationView[]
  /**
   * Whether what is begun and has no outcome is among the operations: `known`; `no code` (whoever looks has not got this version);
   * `differs` (code and journal do not agree: `fault` says how).
   */
  readonly frontier: 'known' | 'no code' | 'differs'
  readonly fault?: string
  /** Messages that came and were not read. */
  readonly unread: readonly {
    readonly kind: string
    readonly name: string
    readonly key: string
    readonly at: string
  }[]
  readonly locks: readonly LockView[]
  readonly parent?: { readonly id: string; readonly seq: number }
  readonly children: readonly { readonly id: string; readonly name: string; readonly seq: number }[]
  /** The run that it continued as. */
  readonly next?: string
  readonly byHand: readonly HandView[]
  /** Of one that watches a choreographed flow: what has happened, and what is missing. */
  readonly flow?: FlowView
}
