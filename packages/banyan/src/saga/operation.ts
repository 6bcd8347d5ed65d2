/** An operation that the function has begun and that has not settled yet. */
import type { SagaEntry } from '../store/sagas.ts'
import type { CallNote, Settled, SettlingKind } from './journal.ts'

/** A part of the function that can be told to stop by itself: the whole of it, or a branch of `all` and `race`. */
export interface Branch {
  closed: boolean
  readonly parent: Branch | undefined
}

/** How an operation settles. */
export interface Settlement {
  readonly op: Operation
  readonly body: Settled
  /** Places of the messages that it consumes. */
  readonly consumed?: readonly number[]
  /** Written already, with the business rows: the entry as it stands in the journal. */
  readonly written?: SagaEntry
}

/** See the top of the file. */
export interface Operation {
  readonly seq: number
  readonly kind: SettlingKind
  readonly name: string
  readonly branch: Branch
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** What an entry's value is to the function; as it is unless said otherwise. */
  readonly present: ((ok: unknown) => unknown) | undefined
  /** Does something; gives how it settles, or undefined when it has become passive. */
  readonly act: ((op: Operation) => Promise<Settled | Settlement | undefined>) | undefined
  /** Looks whether it can settle without doing anything. */
  look: ((op: Operation) => Omit<Settlement, 'op'> | undefined) | undefined
  /** Doing something now, or to be begun. */
  active: boolean
  /** What `act` is doing. */
  running: Promise<void> | undefined
  /** When it is to be looked at again, by the database's clock. */
  dueMs: number | undefined
  /** What it waits for, for people. */
  readonly waits: string
  readonly controller: AbortController
}

/** How something is taken back. */
export interface UndoRecord {
  readonly seq: number
  readonly kind: SettlingKind
  readonly name: string
  readonly branch: Branch
  /** The key of the forward operation. */
  readonly forwardKey: string
  /** Set when it settled. */
  settled: Settled | undefined
  /** Its effect was begun here, or may have been before. */
  begun: boolean
  /** Calls of the last attempt. */
  calls: readonly CallNote[]
  readonly undo: UndoWork
}

/** The work of an undo: in steps with a context, in a transaction, or of a child. */
export type UndoWork =
  | {
      readonly by: 'step'
      readonly run: (ctx: object, result: unknown) => unknown
      readonly probe: ((ctx: object) => unknown) | undefined
      readonly options: UndoOptions
    }
  | { readonly by: 'tx'; readonly run: (tx: object, result: unknown) => unknown; readonly options: UndoOptions }
  | { readonly by: 'child'; readonly childId: string; readonly options: UndoOptions }

/** How an undo is tried. */
export interface UndoOptions {
  readonly timeoutMs: number
  readonly retry: {
    readonly maxAttempts: number
    readonly firstMs: number
    readonly factor: number
    readonly maxMs: number
  }
  readonly isTerminal: (error: unknown) => boolean
}

/** True when the branch or one around it is closed. */
export function isClosed(branch: Branch): boolean {
  for (let at: Branch | undefined = branch; at !== undefined; at = at.parent) if (at.closed) return true
  return false
}
