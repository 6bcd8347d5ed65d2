/** Runs, entries and messages for the contract of sagas. */
import type {
  NewSaga,
  NewSagaMessage,
  SagaChange,
  SagaEntry,
  Sagas,
  SagaWrite,
  TakenSaga,
  TakeRequest,
} from '../../store/sagas.ts'
import type { Store } from '../../store/store.ts'
import type { OpenedStore } from './open.ts'
import { present, sampleEvent } from './sample.ts'

/** What every part of the suite is given. */
export interface SagasRig {
  readonly opened: OpenedStore
  readonly store: Store
  readonly sagas: Sagas
  /** The same data, as another host reaches it. */
  readonly other: Sagas
}

export function toRig(opened: OpenedStore): SagasRig {
  const { store, second = store } = opened
  return { opened, store, sagas: store.sagas, other: second.sagas }
}

/** An id as runs and events have them; later ones are higher. */
export function newRunId(): string {
  return sampleEvent('id').id
}

let keys = 0

export function newSaga(given: Partial<NewSaga> = {}): NewSaga {
  keys += 1
  return {
    id: newRunId(),
    name: 'checkout',
    version: 1,
    key: `key-${keys}`,
    run: 1,
    input: '{"n":1}',
    priority: 'normal',
    timeoutMs: undefined,
    correlations: [],
    parent: undefined,
    traceparent: undefined,
    startedBy: 'person ann',
    ...given,
  }
}

export function entry(n: number, given: Partial<SagaEntry> = {}): SagaEntry {
  return { n, seq: n, kind: 'step', name: `step ${n}`, atMs: 1_767_225_600_000 + n, body: `{"ok":${n}}`, ...given }
}

export function message(id: string, given: Partial<NewSagaMessage> = {}): NewSagaMessage {
  return { id, kind: 'signal', name: 'hurry', key: '', body: '{}', ...given }
}

export const checkout: readonly { readonly name: string; readonly version: number }[] = [
  { name: 'checkout', version: 1 },
]

/** Takes what is due for a host that lives. */
export async function take(
  sagas: Sagas,
  holder: string,
  given: Partial<TakeRequest> = {},
): Promise<readonly TakenSaga[]> {
  await sagas.beat(holder, 10_000, new Map())
  return (await sagas.take({ holder, kinds: checkout, limit: 100, ...given })).taken
}

/** A new run that a host holds under epoch 1. */
export async function startHeld(sagas: Sagas, holder: string, given: Partial<NewSaga> = {}): Promise<NewSaga> {
  await sagas.beat(holder, 10_000, new Map())
  const saga = newSaga(given)
  await sagas.start([saga], holder)
  return saga
}

type Change = SagaChange | undefined

/** A write of a host under epoch 1, unless told otherwise. */
export function write(
  saga: { readonly id: string },
  places: readonly number[],
  change?: Change,
  given: Partial<SagaWrite> = {},
): SagaWrite {
  const entries = places.map((n) => entry(n))
  return { id: saga.id, epoch: 1, holder: 'h1#a', entries, ...(change === undefined ? {} : { change }), ...given }
}

export const completed: SagaChange = { to: 'completed', outcome: '{"ok":1}' }
export const waits = (mail: number, dueMs?: number): SagaChange => ({ to: 'wait', dueMs, mail, note: '{"for":"mail"}' })

/** The outcome of one write. */
export async function writeOne(sagas: Sagas, one: SagaWrite): Promise<string> {
  return present((await sagas.write([one]))[0])
}

export async function places(sagas: Sagas, id: string): Promise<number[]> {
  return (await sagas.entries(id, 0, 1_000)).map(({ n }) => n)
}

/** What is unread, as ids. */
export async function mailbox(sagas: Sagas, id: string): Promise<string[]> {
  return (await sagas.messages(id, 0)).map((one) => one.id)
}
