/** What the function of a saga holds in its hand: the operations, for one branch of it. */
import { type ErrorDocument, toErrorDocument } from '../core/error.ts'
import type { NewSaga, SagaMessage } from '../store/sagas.ts'
import { type Branch, isClosed, type UndoRecord } from './operation.ts'
import { type LockOptions, lockWaitMs, stepTimeoutMs, undoRetry, type WaitOptions } from './options.ts'
import { childFailed, lockDeadlock, locked, lockTimedOut, undeclaredSignal, undeclaredWait } from './refusals.ts'
import type { SagaRun } from './run.ts'
import type { SagaEventShape, SagaShape, SignalShape } from './shape.ts'
import { toNewSaga } from './start.ts'
import { assertSleep, beginStep, beginTx } from './steps.ts'
import { undoAll } from './undoing.ts'

/** The operations of a branch; its typed face is `Saga`. */
export function createFace(run: SagaRun, branch: Branch): object {
  return {
    id: run.id,
    key: run.key,
    step: (name: string, act: never, undo?: never, options = {}) =>
      run.invoke(beginStep(run, branch, name, act, undo, options)),
    tx: (name: string, work: never, undo?: never, options = {}) =>
      run.invoke(beginTx(run, branch, name, work, undo, options)),
    pointOfNoReturn: () => point(run, branch),
    sleep: (ms: number) => sleepUntil(run, branch, run.timeMs + ms, ms),
    sleepUntil: (atMs: number) => sleepUntil(run, branch, atMs, Math.max(0, atMs - run.timeMs)),
    waitFor: (event: SagaEventShape | readonly SagaEventShape[], options = {}) => waitFor(run, branch, event, options),
    receive: (signal: SignalShape, options: { readonly timeoutMs?: number } = {}) =>
      receive(run, branch, signal, options.timeoutMs),
    answer: (query: SignalShape, give: () => unknown) => {
      assertSignal(run, query)
      run.queries.set(query.name, give)
    },
    all: (branches: readonly Opening[]) => all(run, branch, branches),
    race: (branches: readonly Opening[]) => race(run, branch, branches),
    child: (saga: SagaShape, input: unknown) => child(run, branch, saga, input),
    continueAs: (input: unknown) => run.continueAs(input),
    lock: (kind: string, key: string, options: LockOptions = {}) => lock(run, branch, kind, key, options),
    unlock: (kind: string, key: string) =>
      run.invoke({
        kind: 'unlock',
        name: `${kind}/${key}`,
        branch,
        act: async () => {
          await run.shared.host.store.sagas.unlock({ id: run.id }, kind, key)
          return {}
        },
      }),
    patched: (id: string) => run.patched(id, branch),
    now: () => run.timeMs,
    random: () => run.seeded.random(),
    newId: () => run.seeded.uuid(run.timeMs),
  }
}

type Opening = (saga: object) => Promise<unknown>

async function point(run: SagaRun, branch: Branch): Promise<void> {
  await run.invoke({
    kind: 'point',
    name: 'no return',
    branch,
    async act(op) {
      run.isCommitting = true
      const written = await run.journal.writeIfNoMail({ seq: op.seq, kind: 'point', name: op.name, body: '{}' })
      // What has come is looked at first; a cancellation among it wins.
      return written === undefined ? undefined : { op, body: {}, written }
    },
    look(op) {
      op.active = true
      run.schedule()
      return undefined
    },
  })
}

function sleepUntil(run: SagaRun, branch: Branch, atMs: number, ms: number): Promise<unknown> {
  assertSleep(ms)
  return run.invoke({
    kind: 'sleep',
    name: 'sleep',
    branch,
    waits: `until ${new Date(atMs).toISOString()}`,
    dueMs: atMs,
    look: () => (run.shared.now() >= atMs ? { body: {} } : undefined),
  })
}

/** Settles with the first message that fits, or with nothing when its time is over. */
function fromMail(
  run: SagaRun,
  given: {
    readonly kind: 'wait' | 'receive'
    readonly name: string
    readonly branch: Branch
    readonly waits: string
    readonly timeoutMs: number | undefined
    readonly fits: (message: SagaMessage) => boolean
    readonly read: (message: SagaMessage) => unknown
    readonly present?: (ok: unknown) => unknown
  },
): Promise<unknown> {
  const { timeoutMs, fits, read, ...begin } = given
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

function waitFor(
  run: SagaRun,
  branch: Branch,
  event: SagaEventShape | readonly SagaEventShape[],
  options: WaitOptions<unknown>,
): Promise<unknown> {
  const events = (Array.isArray(event) ? event : [event]) as readonly SagaEventShape[]
  const { key = run.key, where, timeoutMs } = options
  const types = new Set(events.map(({ wire }) => wire))
  for (const type of types) if (!run.shape.waits?.some(({ wire }) => wire === type)) throw undeclaredWait(type)
  if (key !== run.key) run.journal.addCorrelation(key)
  const name = [...types].join(', ')
  const read = ({ id, name: type, key: of, body }: SagaMessage) => ({
    id,
    type,
    key: of,
    data: JSON.parse(body) as unknown,
  })
  return fromMail(run, {
    kind: 'wait',
    name,
    branch,
    waits: `${name} of '${key}'`,
    timeoutMs,
    fits: (message) =>
      message.kind === 'event' &&
      types.has(message.name) &&
      message.key === key &&
      (where === undefined || where(read(message))),
    read,
  })
}

function assertSignal(run: SagaRun, signal: SignalShape): void {
  if (!run.shape.signals?.some(({ name, $banyan }) => name === signal.name && $banyan === signal.$banyan))
    throw undeclaredSignal(signal.name)
}

function receive(run: SagaRun, branch: Branch, signal: SignalShape, timeoutMs: number | undefined): Promise<unknown> {
  assertSignal(run, signal)
  const { name, $banyan: kind } = signal
  const toRequest = (ok: unknown): unknown => {
    if (ok === undefined || kind !== 'update') return ok
    const { id, input } = ok as { readonly id: string; readonly input: unknown }
    return { input, ...createAnswers(run, id, name) }
  }
  return fromMail(run, {
    kind: 'receive',
    name,
    branch,
    waits: `${kind} '${name}'`,
    timeoutMs,
    fits: (message) => message.kind === kind && message.name === name,
    read: ({ id, body }) =>
      kind === 'update' ? { id, input: JSON.parse(body) as unknown } : (JSON.parse(body) as unknown),
    present: toRequest,
  })
}

/** The first answer counts; one that stands in the journal is not given again. */
function createAnswers(run: SagaRun, id: string, name: string): object {
  const give = (answer: object): void => {
    if (run.history.answered.has(id)) return
    run.history.answered.add(id)
    run.addSide('answer', 0, name, { id, ...answer })
  }
  return { answer: (ok: unknown) => give({ ok }), refuse: (message: string) => give({ refused: message }) }
}

/** All branches to their ends; the first failure (in the order in which they happened) is thrown, and tells the others to stop. */
async function all(run: SagaRun, branch: Branch, openings: readonly Opening[]): Promise<unknown> {
  const branches = openings.map((): { closed: boolean; readonly parent: Branch } => ({ closed: false, parent: branch }))
  let failure: { readonly error: unknown } | undefined
  const values = openings.map((open, index) =>
    open(createFace(run, branches[index] as Branch)).catch((error: unknown) => {
      failure ??= { error }
    }),
  )
  const given = await Promise.all(values)
  if (failure !== undefined) throw failure.error
  return given
}

/** The first to end, well or not; what the others have done is undone before it is given. */
async function race(run: SagaRun, branch: Branch, openings: readonly Opening[]): Promise<unknown> {
  const branches = openings.map((): { closed: boolean; readonly parent: Branch } => ({ closed: false, parent: branch }))
  const ends = openings.map(async (open, index) => {
    try {
      return { index, value: await open(createFace(run, branches[index] as Branch)) }
    } catch (error) {
      return { index, error }
    }
  })
  const first = await Promise.race(ends)
  for (const [index, one] of branches.entries()) if (index !== first.index) one.closed = true
  await undoLosers(run, branch)
  if ('error' in first) throw first.error
  return first
}

async function undoLosers(run: SagaRun, branch: Branch): Promise<void> {
  const lost = run.undos.filter((record) => isClosed(record.branch))
  const stopping = [...run.outstanding.values()].filter((op) => isClosed(op.branch))
  if (lost.length + stopping.length === 0) return
  await run.invoke({
    kind: 'step',
    name: 'undo of losing branches',
    branch,
    async act() {
      for (const op of stopping) op.controller.abort(new DOMException('another branch was first', 'AbortError'))
      await Promise.all(stopping.flatMap((op) => op.running ?? []))
      for (const op of stopping) if (op.running === undefined) run.outstanding.delete(op.seq)
      const isDone = await undoAll(run, lost)
      for (const record of lost) drop(run.undos, record)
      return isDone ? {} : undefined
    },
  })
  for (const record of lost) drop(run.undos, record)
}

function drop(undos: UndoRecord[], record: UndoRecord): void {
  const index = undos.indexOf(record)
  if (index >= 0) undos.splice(index, 1)
}

function child(run: SagaRun, branch: Branch, saga: SagaShape, input: unknown): Promise<unknown> {
  const id = run.seeded.uuid(run.timeMs)
  let start: NewSaga | undefined
  return run.invoke({
    kind: 'child',
    name: saga.name,
    branch,
    waits: `saga '${saga.name}' ${id}`,
    present: (ok) => {
      const { outcome } = ok as { readonly outcome: { readonly ok?: unknown; readonly error?: ErrorDocument } }
      return outcome.ok
    },
    async act(op) {
      start ??= {
        ...toNewSaga(saga, input, { id, startedBy: `saga ${run.id}`, traceparent: run.record.traceparent }),
        key: `${run.record.key}/${saga.name}/${op.seq}`,
        parent: { id: run.id, seq: op.seq },
      }
      run.addStart(start)
      run.journal.flush()
      return undefined
    },
    look() {
      const message = run.journal.messages.find((one) => one.kind === 'child' && one.id === id)
      if (message === undefined) return undefined
      const outcome = JSON.parse(message.body) as { readonly ok?: unknown; readonly error?: ErrorDocument }
      const body =
        outcome.error === undefined
          ? { ok: { id, outcome } }
          : { error: toErrorDocument(childFailed(saga.name, outcome.error)), outcome: 'refused' as const }
      return { body, consumed: [message.n] }
    },
    undo: (seq) => ({
      forwardKey: `${run.id}.${seq}`,
      undo: {
        by: 'child',
        childId: id,
        options: { timeoutMs: stepTimeoutMs, retry: { ...undoRetry, maxAttempts: 1_000 }, isTerminal: () => false },
      },
    }),
  })
}

function lock(run: SagaRun, branch: Branch, kind: string, key: string, options: LockOptions): Promise<unknown> {
  const { ifHeld = 'wait', timeoutMs = lockWaitMs } = options
  const dueMs = run.timeMs + timeoutMs
  const name = `${kind}/${key}`
  const { sagas } = run.shared.host.store
  const refuse = (error: ReturnType<typeof locked>) => ({ error: toErrorDocument(error), outcome: 'refused' as const })
  let asked = false
  return run.invoke({
    kind: 'lock',
    name,
    branch,
    waits: `${kind} '${key}'`,
    async act(op) {
      if (asked) {
        await sagas.unlock({ id: run.id }, kind, key)
        return refuse(lockTimedOut(kind, key, timeoutMs))
      }
      const given = await sagas.lock(run.record, kind, key, ifHeld)
      if (given.got === 'yes') return {}
      if (given.got === 'no') return refuse(locked(given.lock))
      if (given.got === 'deadlock') return refuse(lockDeadlock(kind, key, given.circle))
      asked = true
      op.dueMs = dueMs
      return undefined
    },
    look(op) {
      const message = run.journal.messages.find((one) => one.kind === 'lock' && one.id.startsWith(`${name}`))
      if (message !== undefined) return { body: {}, consumed: [message.n] }
      if (asked && run.shared.now() >= dueMs) {
        op.active = true
        run.schedule()
      }
      return undefined
    },
  })
}
