/** The operations of a run that have not settled: which can settle, what is to be begun, and when to look again. */
import type { BanyanError, Outcome } from '../core/error.ts'
import { toKeptError } from './bounds.ts'
import type { SagaNote } from './journal.ts'
import { type Branch, isStopped, isWithin, type Operation, type Settlement } from './operation.ts'
import { branchStopped } from './refusals.ts'

/** See the top of the file. */
export class UnderWay {
  readonly all: Map<number, Operation>

  constructor(all: Map<number, Operation>) {
    this.all = all
  }

  get isBusy(): boolean {
    for (const { running } of this.all.values()) if (running !== undefined) return true
    return false
  }

  stop(error: BanyanError, branches?: readonly Branch[]): void {
    for (const op of this.all.values()) if (branches === undefined || isWithin(op.branch, branches)) op.stop(error)
  }

  /** The first that can settle without doing anything. */
  look(note: SagaNote): Settlement | undefined {
    for (const op of this.all.values()) {
      if (op.running !== undefined || op.isEnding) continue
      if (isStopped(op.branch)) {
        const settlement = toStopped(op, note)
        if (settlement !== undefined) return settlement
      } else if (!op.active) {
        const found = op.look?.(op)
        if (found !== undefined) return { op, ...found }
      }
    }
    return undefined
  }

  /** Has those begun that are to do something; true when something is under way. */
  begin(act: ((op: Operation) => Promise<void>) | undefined): boolean {
    let isBusy = false
    for (const op of this.all.values()) {
      if (!op.active) continue
      if (op.running === undefined && !op.isEnding) {
        if (act === undefined) continue
        op.running = act(op)
      }
      isBusy = true
    }
    return isBusy
  }

  /** The earliest time that is waited for. */
  nextDueMs(deadlineMs: number | undefined): number | undefined {
    let least = deadlineMs ?? Number.POSITIVE_INFINITY
    for (const { active, dueMs } of this.all.values())
      if (!active && dueMs !== undefined && dueMs < least) least = dueMs
    return Number.isFinite(least) ? least : undefined
  }
}

/** One that does nothing, in a branch that was told to stop. */
function toStopped(op: Operation, note: SagaNote): Settlement | undefined {
  if (op.stoppedBy === undefined) op.stop(branchStopped('failed'))
  const { onStop } = op.begin
  if (onStop !== undefined && op.act === onStop) return undefined
  if (!op.active && onStop !== undefined) {
    op.act = onStop
    op.active = true
    return undefined
  }
  return { op, body: { error: toKeptError(op.stoppedBy as BanyanError), outcome: outcomeOf(op, note) } }
}

/** What is known of one that is not under way. */
function outcomeOf(op: Operation, note: SagaNote): Outcome {
  if (op.mayHaveBegun) return 'unknown'
  const before = note.retries?.[String(op.seq)]
  return before === undefined ? 'none' : (before.outcome ?? 'unknown')
}
