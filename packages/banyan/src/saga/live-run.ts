/** One run in memory as its operations see it; run.ts is one. A leaf, so that a run and what it is made of need not know each other. */
import type { BanyanError } from '../core/error.ts'
import type { SagaRecord } from '../store/sagas.ts'
import type { History } from './history.ts'
import type { SagaNote } from './journal.ts'
import type { Begin, Branch, Operation, UndoRecord } from './operation.ts'
import type { RunJournal } from './run-journal.ts'
import type { RunShared } from './run-shared.ts'
import type { Seeded } from './seeded.ts'
import type { SagaShape } from './shape.ts'

/** How a run left memory, or that it waits there. */
export type RunEnd = 'waiting' | 'ended' | 'parked' | 'lost'

/** How the function has ended. */
export type Over = { readonly value: unknown } | { readonly error: unknown } | { readonly next: unknown }

/** Replays a journal and does nothing else: told when the journal is at its end, or of what is wrong. */
export type Observer = (run: LiveRun, fault: BanyanError | undefined) => void

/** See the top of the file. */
export interface LiveRun {
  readonly shape: SagaShape
  readonly shared: RunShared
  readonly journal: RunJournal
  readonly history: History
  readonly record: SagaRecord
  readonly id: string
  /** The run's key as the function knows it: that of the run from which its journal comes, if it comes from one. */
  readonly key: string
  readonly seeded: Seeded
  readonly root: Branch
  readonly undos: UndoRecord[]
  /** What was undone since it is in memory. */
  readonly undone: Set<number>
  /** Locks that it holds, and the branch that asked for them. */
  readonly locks: Map<string, Branch>
  readonly queries: Map<string, () => unknown>
  readonly observer: Observer | undefined
  readonly outstanding: Map<number, Operation>
  note: SagaNote
  /** Of the last outcome that was given to the function. */
  readonly timeMs: number
  readonly isPast: boolean
  readonly isClosing: boolean
  readonly isUndoing: boolean
  /** What has no entry may have been begun by an earlier holder; until the first outcome that is new. */
  readonly mayHaveBegun: boolean
  readonly over: Over | undefined
  /** What the function holds in its hand in a branch. */
  faceOf(branch: Branch): object
  /** Begins an operation; one of a closed branch never settles. */
  invoke(begin: Begin): Promise<unknown>
  patched(id: string, branch: Branch): boolean
  addCorrelation(key: string): void
  /** An entry that settles nothing. */
  addSide(kind: string, seq: number, name: string, body: object): void
  addNote(name: string, facts: object): void
  stopBranches(branches: readonly Branch[], why: 'failed' | 'lost'): void
  /** A turn, when all that can run has run. */
  schedule(): void
  /** What was done has to be known when it is undone, though the function does not hear of it. */
  settleLate(): void
  undoOf(seq: number): UndoRecord | undefined
  forgetUndo(record: UndoRecord): void
  continueAs(next: unknown): Promise<never>
  /** Only a person can mend it. */
  park(reason: string, message: string, seq?: number): void
  fault(error: unknown): void
  lose(): void
  letGo(end: RunEnd): void
  /** The function is never heard again. */
  abandon(): void
}
