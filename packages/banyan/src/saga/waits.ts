/** What a run waits for: times, events, signals and requests. Nothing is done for it, so it is rows, not memory. */
import { createWireBorder } from '../contract/border.ts'
import type { AnySchema } from '../contract/schema.ts'
import { INVALID } from '../schema/index.ts'
import type { SagaMessage } from '../store/sagas.ts'
import { cut } from './bounds.ts'
import { fromEventMessage } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import type { Branch } from './operation.ts'
import { maxSleepMs, type WaitOptions } from './options.ts'
import { asDefect, badAnswer, badSleep, badWait, undeclaredSignal, undeclaredWait } from './refusals.ts'
import type { SagaEventShape, SignalShape } from './shape.ts'
import { toText } from './values.ts'

/** See `Saga.sleepUntil`. */
export function sleepUntil(run: LiveRun, branch: Branch, atMs: number, ms: number): Promise<unknown> {
  if (!(ms >= 0 && ms <= maxSleepMs)) throw badSleep(ms, maxSleepMs)
  return run.invoke({
    kind: 'sleep',
    name: 'sleep',
    branch,
    waits: () => `until ${new Date(atMs).toISOString()}`,
    dueMs: atMs,
    look: () => (run.shared.now() >= atMs ? { body: {} } : undefined),
  })
}

/** Settles with the first message that fits, or with nothing when its time is over. */
function fromMail(
  run: LiveRun,
  given: {
    readonly kind: 'wait' | 'receive'
    readonly name: string
    readonly branch: Branch
    readonly waits: () => string
    readonly timeoutMs: number | undefined
    readonly fits: (message: SagaMessage) => boolean
    readonly read: (message: SagaMessage) => unknown
    readonly present?: (ok: unknown) => unknown
  },
): Promise<unknown> {
  const { timeoutMs, fits, read, ...begin } = given
  if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs <= maxSleepMs))
    throw badWait(`timeoutMs is ${timeoutMs}: it must be from 0 to ${maxSleepMs} (ten years)`)
  const dueMs = timeoutMs === undefined ? undefined : run.timeMs + timeoutMs
  return run.invoke({
    ...begin,
    ...(dueMs !== undefined && { dueMs }),
    look() {
      const message = run.journal.messages.find(fits)
      if (message !== undefined) return { body: { ok: read(message) }, consumed: [message.n] }
      return dueMs !== undefined && run.shared.now() >= dueMs ? { body: {} } : undefined
    },
  })
}

/** See `Saga.waitFor`. */
export function waitFor(
  run: LiveRun,
  branch: Branch,
  event: SagaEventShape | readonly SagaEventShape[],
  options: WaitOptions<unknown>,
): Promise<unknown> {
  const events = (Array.isArray(event) ? event : [event]) as readonly SagaEventShape[]
  const { key = run.key, where, timeoutMs, says } = options
  if (typeof key !== 'string' || key.length < 1 || key.length > 255) throw badWait('a key has 1 to 255 characters')
  if (events.length === 0) throw badWait('it names no event')
  const types = new Set(events.map(({ wire }) => wire))
  for (const type of types) if (!run.shape.waits?.some(({ wire }) => wire === type)) throw undeclaredWait(type)
  if (key !== run.key) run.addCorrelation(key)
  const name = cut([...types].join(', '), 200)
  return fromMail(run, {
    kind: 'wait',
    name,
    branch,
    waits: () => says ?? `${name} of '${key}'`,
    timeoutMs,
    fits: (message) =>
      message.kind === 'event' &&
      types.has(message.name) &&
      message.key === key &&
      (where === undefined || where(fromEventMessage(message))),
    read: fromEventMessage,
  })
}

/** Throws FAILED_PRECONDITION `UNDECLARED_SIGNAL`. */
export function assertSignal(run: LiveRun, signal: SignalShape): void {
  if (!run.shape.signals?.some(({ name, $banyan }) => name === signal.name && $banyan === signal.$banyan))
    throw undeclaredSignal(signal.name)
}

/** See `Saga.receive`. */
export function receive(
  run: LiveRun,
  branch: Branch,
  signal: SignalShape,
  timeoutMs: number | undefined,
): Promise<unknown> {
  assertSignal(run, signal)
  const { name, $banyan: kind } = signal
  const toRequest = (ok: unknown): unknown => {
    if (ok === undefined || kind !== 'update') return ok
    const { id, input } = ok as { readonly id: string; readonly input: unknown }
    return { input, ...createAnswers(run, id, signal) }
  }
  return fromMail(run, {
    kind: 'receive',
    name,
    branch,
    waits: () => `${kind} '${name}'`,
    timeoutMs,
    fits: (message) => message.kind === kind && message.name === name,
    read: ({ id, body }) =>
      kind === 'update' ? { id, input: JSON.parse(body) as unknown } : (JSON.parse(body) as unknown),
    present: toRequest,
  })
}

/** What of it the schema has; throws INVALID_ARGUMENT `INVALID_ANSWER`. */
function toAnswer(name: string, output: AnySchema, ok: unknown): unknown {
  const border = createWireBorder(output, 'output')
  const copy = border.copy(ok)
  if (copy === INVALID) throw badAnswer(name, border.explain(ok))
  return copy
}

/** The first answer counts; one that stands in the journal is not given again. */
function createAnswers(run: LiveRun, id: string, { name, output }: SignalShape): object {
  const give = (answer: object): void => {
    if (run.history.answered.has(id)) return
    run.history.answered.add(id)
    run.addSide('answer', 0, name, { id, ...answer })
  }
  const answer = (ok: unknown): void => {
    try {
      const answered = output === undefined ? ok : toAnswer(name, output, ok)
      toText(answered, `the answer to '${name}'`)
      give({ ok: answered })
    } catch (error) {
      throw asDefect(error as never)
    }
  }
  return { answer, refuse: (message: string) => give({ refused: cut(String(message), 2_000) }) }
}
