/**
 * A history out of production, replayed in a test: with the code as it is now, nothing is done, and what the code would do otherwise than
 * it did is an error that shows both.
 */
import { realEnvironment } from '../core/environment/real/index.ts'
import { BanyanError, fromUnknown } from '../core/error.ts'
import type { SagaDefinition } from '../saga/define-saga.ts'
import { originOfExport, type SagaExport, toEntries } from '../saga/exports.ts'
import { assertExport } from '../saga/imports.ts'
import type { Mended } from '../saga/journal.ts'
import { observe } from '../saga/observe.ts'
import type { SagaRun } from '../saga/run.ts'
import { createIdleShared } from '../saga/saga-place.ts'
import type { SagaShape } from '../saga/shape.ts'
import type { SagaRecord, SagaState, Sagas } from '../store/sagas.ts'

/** What a replay has come to. */
export interface ReplayedExport {
  readonly state: SagaState
  /** Operations that the function has begun at the end of the history and that have no outcome there: `4 step 'ship'`. */
  readonly open: readonly string[]
  /** What the function gave, when it has ended by itself. */
  readonly gave: unknown
  readonly isOver: boolean
}

/**
 * Replays a document of `banyan saga export`. Rejects with BAD_EXPORT; with FAILED_PRECONDITION `NON_DETERMINISTIC` when code and history do
 * not agree, which shows both sequences; with `ENDS_DIFFERENTLY` when the run had completed and the function now goes on, or gives
 * something else (not looked at when secrets are hidden in the document).
 *
 * @example
 * const greeting = defineSaga('greeting', {
 *   version: 1,
 *   input: t.Object({ name: t.String() }),
 *   key: ({ name }) => name,
 *   run: async (saga: Saga, { name }) => saga.step('greet', () => `hello ${name}`),
 * })
 * // What `banyan saga export greeting/ada` wrote, without what is of no matter here.
 * const { gave } = await replayExport(greeting, {
 *   format: 'banyan.saga/1',
 *   saga: { id: '019b76da-a800-707c-8eee-1140dc9c899d', name: 'greeting', version: 1, key: 'ada', run: 1, startedMs: 1, startedBy: 'call', input: { name: 'ada' } },
 *   entries: [{ n: 1, seq: 1, kind: 'step', name: 'greet', atMs: 2, body: { ok: 'hello ada' } }],
 *   messages: [],
 * })
 * gave // 'hello ada'
 */
export async function replayExport(
  saga: SagaDefinition<unknown, unknown, never>,
  document: unknown,
): Promise<ReplayedExport> {
  assertExport(document)
  const shape = saga as unknown as SagaShape
  if (shape.name !== document.saga.name)
    throw new BanyanError(
      'INVALID_ARGUMENT',
      `the document is of saga '${document.saga.name}', not of '${shape.name}'`,
      {
        reason: 'BAD_EXPORT',
      },
    )
  const environment = realEnvironment()
  const code = { shapes: [shape], operations: new Map() }
  const shared = createIdleShared({ environment, service: document.service, sagas: {} as Sagas, code })
  const { run, fault } = await observe(shared, shape, toRecord(document), toJournal(document))
  if (fault !== undefined) throw fault
  assertSameEnd(run, document)
  const { over } = run
  const isOver = over !== undefined && document.saga.state !== 'undone'
  const open = [...run.outstanding.values()].map(({ seq, kind, name }) => `${seq} ${kind} '${name}'`)
  return { state: document.saga.state, open: isOver ? [] : open, gave: valueGiven(over), isOver }
}

function valueGiven(over: SagaRun['over']): unknown {
  return over !== undefined && 'value' in over ? over.value : undefined
}

function toRecord({ saga, entries }: SagaExport): SagaRecord {
  const { input, outcome, ...run } = saga
  return {
    ...run,
    input: JSON.stringify(input),
    outcome: outcome === undefined ? undefined : JSON.stringify(outcome),
    epoch: 1,
    holder: undefined,
    length: entries.length,
    mail: 0,
    note: '',
  }
}

/** As after an import: so what was computed from the run is the same. */
function toJournal(document: SagaExport): ReturnType<typeof toEntries> {
  const { startedMs } = document.saga
  const body: Mended = { action: 'import', by: 'a test', why: 'to be replayed', origin: originOfExport(document) }
  const first = { n: 0, seq: 0, kind: 'mended', name: 'import', atMs: startedMs, body: JSON.stringify(body) }
  return [first, ...toEntries(document.entries)].map((entry, index) => ({ ...entry, n: index + 1 }))
}

function assertSameEnd({ over, outstanding }: SagaRun, { saga, redacted }: SagaExport): void {
  if (saga.state !== 'completed') return
  if (over === undefined) {
    const next = [...outstanding.values()].map(({ seq, kind, name }) => `${seq} ${kind} '${name}'`)
    throw differs(`the run had completed, and the function now goes on with ${next.join(', ') || 'something else'}`)
  }
  if ('error' in over)
    throw differs(`the run had completed, and the function now fails: ${fromUnknown(over.error).message}`)
  if (redacted) return
  const [gave, now] = [
    JSON.stringify((saga.outcome as { ok?: unknown } | undefined)?.ok),
    JSON.stringify(valueGiven(over)),
  ]
  if (gave !== now) throw differs(`the run had given ${gave}, and the function now gives ${now}`)
}

function differs(message: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', message, { reason: 'ENDS_DIFFERENTLY' })
}
