/** An operation that the function has begun and that has not settled yet. */
import type { BanyanError } from '../core/error.ts'
import type { SagaEntry } from '../store/sagas.ts'
import type { CallNote, Settled, SettlingKind } from './journal.ts'

/** A part of the function that can be told to stop by itself: the whole of it, or a branch of `all` and `race`. */
export interface Branch {
  /** It is never heard again. */
  closed: boolean
  /** What it has under way is aborted, and what it begins is refused: it hears of it as of a failure. */
  stopped: boolean
  readonly parent: Branch | undefined
}

/** How an operation settles. */
export interface Settlement {
  readonly op: Operation
  readonly body: Settled
  /** The body as it is written, when it has been made already. */
  readonly text?: string
  /** Places of the messages that it consumes. */
  readonly consumed?: readonly number[]
  /** Written already, with the business rows: the entry as it stands in the journal. */
  readonly written?: SagaEntry
}

/** What an act comes to: how it settles, or undefined when it has become passive. */
export type Acted = Settled | Settlement | undefined

/** What an operation is begun with. */
export interface Begin {
  readonly kind: SettlingKind
  readonly name: string
  readonly branch: Branch
  /** What it waits for, for people; its name unless said otherwise. */
  readonly waits?: () => string
  /** What an entry's value is to the function; as it is unless said otherwise. */
  readonly present?: (ok: unknown) => unknown
  /** Does something outside, once all before it is durable. */
  readonly act?: (op: Operation) => Promise<Acted>
  /** Looks whether it can settle without doing anything. */
  readonly look?: (op: Operation) => Omit<Settlement, 'op'> | undefined
  /** When it is told to stop while it does nothing: cleans up, and settles. */
  readonly onStop?: (op: Operation) => Promise<Acted>
  readonly dueMs?: number
  /** How it is taken back. */
  readonly undo?: (seq: number) => Pick<UndoRecord, 'forwardKey' | 'undo'>
}

/** See the top of the file. */
export class Operation {
  readonly seq: number
  readonly kind: SettlingKind
  readonly name: string
  readonly branch: Branch
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly begin: Begin
  act: ((op: Operation) => Promise<Acted>) | undefined
  look: ((op: Operation) => Omit<Settlement, 'op'> | undefined) | undefined
  /** Doing something now, or to be begun. */
  active: boolean
  /** What `act` is doing. */
  running: Promise<void> | undefined = undefined
  /** It has no entry, and an earlier holder may have begun it. */
  mayHaveBegun = false
  /** Has ended and waits for its turn. */
  isEnding = false
  /** When it is to be looked at again, by the database's clock. */
  dueMs: number | undefined
  /** Why it is to stop. */
  stoppedBy: BanyanError | undefined = undefined
  /** Told when it is to stop; of the attempt that is under way. */
  onStop: ((error: BanyanError) => void) | undefined = undefined

  constructor(seq: number, begin: Begin, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.seq = seq
    this.kind = begin.kind
    this.name = begin.name
    this.branch = begin.branch
    this.begin = begin
    this.resolve = resolve
    this.reject = reject
    this.act = begin.act
    this.look = begin.look
    this.active = begin.act !== undefined
    this.dueMs = begin.dueMs
  }

  /** What it waits for, for people. */
  get waits(): string {
    return this.begin.waits?.() ?? this.name
  }

  stop(error: BanyanError): void {
    if (this.stoppedBy !== undefined) return
    this.stoppedBy = error
    this.onStop?.(error)
  }

  /** Does nothing until then, and is acted on again. */
  rest(dueMs: number, isDue: () => boolean): undefined {
    this.dueMs = dueMs
    this.look = () => {
      if (isDue()) this.wake()
      return undefined
    }
    return undefined
  }
  /** Is acted on in this turn. */
  wake(): void {
    this.active = true
    this.dueMs = this.begin.dueMs
    this.look = this.begin.look
  }
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
  /** When it was decided to undo it, if its branch lost: then it is undone under the same keys whoever goes on with it. */
  sinceMs?: number
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

/** A branch of a branch. */
export function openBranch(parent: Branch | undefined): Branch {
  return { closed: false, stopped: false, parent }
}

/** True when the branch or one around it is closed. */
export function isClosed(branch: Branch): boolean {
  for (let at: Branch | undefined = branch; at !== undefined; at = at.parent) if (at.closed) return true
  return false
}

/** True when the branch or one around it was told to stop. */
export function isStopped(branch: Branch): boolean {
  for (let at: Branch | undefined = branch; at !== undefined; at = at.parent) if (at.stopped) return true
  return false
}

/** True when the branch is one of these or within one. */
export function isWithin(branch: Branch, ones: readonly Branch[]): boolean {
  for (let at: Branch | undefined = branch; at !== undefined; at = at.parent) if (ones.includes(at)) return true
  return false
}
