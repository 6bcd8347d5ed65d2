/** A start, as it is stored: the input checked and copied, the key taken from it. */
import { createWireBorder } from '../contract/border.ts'
import { BanyanError } from '../core/error.ts'
import { INVALID } from '../schema/index.ts'
import { maxCorrelations, type NewSaga, type SagaRecord, type TakenSaga } from '../store/sagas.ts'
import type { SagaShape } from './shape.ts'
import { toText } from './values.ts'

/** What a start says of itself. */
export interface StartFacts {
  readonly id: string
  readonly startedBy: string
  readonly traceparent?: string | undefined
}

const borders = new WeakMap<SagaShape, ReturnType<typeof createWireBorder>>()

function borderOf(saga: SagaShape): ReturnType<typeof createWireBorder> {
  const known = borders.get(saga) ?? createWireBorder(saga.input, 'output')
  borders.set(saga, known)
  return known
}

const bad = (saga: SagaShape, what: string): BanyanError =>
  new BanyanError('INVALID_ARGUMENT', `saga '${saga.name}': ${what}`, { reason: 'INVALID_SAGA_INPUT' })

/** Throws INVALID_ARGUMENT for an input that does not fit, with the field and the rule, and for a key that is none. */
export function toNewSaga(saga: SagaShape, given: unknown, facts: StartFacts): NewSaga {
  const border = borderOf(saga)
  const input = border.copy(given)
  if (input === INVALID) {
    const issues = border.explain(given)
    const message = `its input is not what it says: ${issues[0]?.message ?? 'it does not fit its schema'}`
    throw new BanyanError('INVALID_ARGUMENT', `saga '${saga.name}': ${message}`, {
      reason: 'INVALID_SAGA_INPUT',
      issues,
    })
  }
  const key = saga.key(input)
  if (typeof key !== 'string' || key.length < 1 || key.length > 255)
    throw bad(saga, `'key' gave ${JSON.stringify(key)}: a key has 1 to 255 characters`)
  const correlations = saga.correlations?.(input) ?? []
  if (correlations.length > maxCorrelations)
    throw bad(saga, `'correlations' gave ${correlations.length} keys, at most ${maxCorrelations} (maxCorrelations)`)
  return {
    id: facts.id,
    name: saga.name,
    version: saga.version,
    key,
    run: 1,
    input: toText(input, 'its input') ?? 'null',
    priority: saga.priority ?? 'normal',
    timeoutMs: saga.timeoutMs,
    correlations: saga.waits === undefined || saga.waits.length === 0 ? [] : [...new Set([key, ...correlations])],
    parent: undefined,
    traceparent: facts.traceparent,
    startedBy: facts.startedBy,
  }
}

/** The run that goes on from one: of the same key, with code that may be newer. Throws as {@link toNewSaga} does. */
export function toNextRun(saga: SagaShape, before: SagaRecord, given: unknown, id: string): NewSaga {
  const { key, run, parent, traceparent, priority } = before
  const next = toNewSaga(saga, given, { id, startedBy: `saga ${before.id}`, traceparent })
  return { ...next, key, run: run + 1, parent, priority }
}

/** A run that was started by its holder, as if it had been taken. */
export function toTaken({ timeoutMs, correlations: _, ...saga }: NewSaga, holder: string, nowMs: number): TakenSaga {
  return {
    saga: {
      ...saga,
      state: 'running',
      epoch: 1,
      holder,
      length: 0,
      mail: 0,
      dueMs: undefined,
      note: '',
      startedMs: nowMs,
      deadlineMs: timeoutMs === undefined ? undefined : nowMs + timeoutMs,
      changedMs: nowMs,
      endedMs: undefined,
      outcome: undefined,
      next: undefined,
    },
    entries: [],
    messages: [],
  }
}
