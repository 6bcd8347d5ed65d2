/** Transactions: operations that change the service's own rows, committed together with the journal. */
import type { SagaEntry, SagaWrite } from '../store/sagas.ts'
import { attemptAll, toFailure } from './attempts.ts'
import type { Attempt } from './host.ts'
import type { LiveRun } from './live-run.ts'
import type { Acted, Begin, Branch, Operation } from './operation.ts'
import { never } from './run-shared.ts'
import { type AnyOptions, assertStep, attempting, comeBack, fateOf, keyOf, undoOptions, type Work } from './steps.ts'
import { toText } from './values.ts'

/** How a transaction is begun. */
export function beginTx(
  run: LiveRun,
  branch: Branch,
  name: string,
  work: Work,
  undo: Work | undefined,
  options: AnyOptions,
): Begin {
  assertStep(name, work, options)
  const beganMs = run.timeMs
  return {
    kind: 'tx',
    name,
    branch,
    act: (op) => doTx(run, op, work, beganMs, options),
    ...(undo !== undefined && {
      undo: (seq: number) => ({
        forwardKey: keyOf(run, seq, beganMs),
        undo: { by: 'tx' as const, run: undo, options: undoOptions(run, options) },
      }),
    }),
  }
}

async function doTx(run: LiveRun, op: Operation, work: Work, beganMs: number, options: AnyOptions): Promise<Acted> {
  let written: SagaEntry | undefined
  const { name, seq } = op
  const tried = await attemptAll(run, {
    ...attempting(run, op, beganMs, options),
    mayHaveBegun: false,
    mustEnd: true,
    work: async (attempt) => {
      written = await inTransaction(run, attempt, work, (result) => ({
        seq,
        kind: 'tx',
        name,
        body: `{"attempts":${attempt.attempt}${okOf(result, name)}}`,
      }))
    },
  })
  if (tried.did === 'wait') return comeBack(run, op, tried.dueMs)
  if (tried.did === 'succeed' && written !== undefined) return { op, body: {}, written }
  // What was rolled back was not done.
  return tried.did === 'fail' ? fateOf(run, op, { ...toFailure(tried), outcome: 'none' }) : undefined
}

function okOf(result: unknown, name: string): string {
  const text = toText(result, `what '${name}' gave`)
  return text === undefined ? '' : `,"ok":${text}`
}

/**
 * Work and entry in one transaction; nothing is given to the function while it commits. When the commit's answer is lost the journal
 * is asked, so that what was committed is not done again.
 */
export function inTransaction(
  run: LiveRun,
  attempt: Attempt,
  work: (tx: object) => unknown,
  toEntry: (result: unknown) => Omit<SagaEntry, 'n' | 'atMs'>,
): Promise<SagaEntry> {
  const { journal, shared } = run
  return journal.exclusive(async () => {
    let write: SagaWrite | undefined
    try {
      attempt.signal.throwIfAborted()
      await shared.host.transact(attempt, work, async (result) => {
        write = await journal.toOwnWrite(toEntry(result))
        return write
      })
    } catch (error) {
      if ((error as { reason?: unknown } | null)?.reason === 'FENCED') {
        run.lose()
        return never()
      }
      if (write === undefined || !(await journal.isWritten(write))) throw error
    }
    journal.ownWritten()
    return (write as SagaWrite).entries[0] as SagaEntry
  })
}
