/** Short ways to say sagas in tests of this folder. */

import type { Event } from '../contract/event.ts'
import { defineContract, event, t } from '../contract/index.ts'
import { BanyanError } from '../core/error.ts'
import type { SagaEntry, SagaRecord } from '../store/sagas.ts'
import { defineSaga, type SagaDefinition, type SagaSettings } from './define-saga.ts'
import type { SagaHost } from './host.ts'
import type { RigHostOptions, SagaRig } from './rig.ts'
import type { Saga } from './saga.ts'

export const Input = t.Object({ orderId: t.String() })
export type Given = { readonly orderId: string }

/** Events that the sagas of tests wait for. */
export const Shipping = defineContract('shipping', {
  version: '1.0.0',
  owner: 'tests',
  operations: {},
  events: {
    delivered: event({ key: 'orderId', data: t.Object({ orderId: t.String(), to: t.String() }) }),
    lost: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }),
  },
})

/** A saga of one input and whatever the test says of it. */
export function sagaOf(
  run: (saga: Saga, input: Given) => Promise<unknown>,
  more: Partial<SagaSettings<Given>> & { readonly name?: string } = {},
): SagaDefinition<never, never> {
  const { name = 'tested', ...settings } = more
  return defineSaga(name, {
    version: 1,
    input: Input,
    key: ({ orderId }: Given) => orderId,
    waits: [Shipping.events.delivered, Shipping.events.lost],
    ...settings,
    run: run as never,
  } as never) as never
}

/** Runs one saga at one host, to its end or until it is parked. */
export async function runOne(
  rig: SagaRig,
  saga: SagaDefinition<never, never>,
  options: RigHostOptions & { readonly orderId?: string; readonly until?: readonly SagaRecord['state'][] } = {},
): Promise<Ended> {
  const { orderId = 'o-1', until = ['completed', 'undone', 'parked', 'continued'], ...host } = options
  const executor = rig.host('one', [saga], host)
  await rig.environment.advance(10)
  const id = await rig.begin(executor, saga, { orderId })
  return lookAt(rig, await rig.until(id, ...until))
}

export interface Ended {
  readonly id: string
  readonly state: SagaRecord['state']
  readonly record: SagaRecord
  readonly ok: unknown
  readonly error: { readonly code: string; readonly reason?: string; readonly message: string } | undefined
  readonly parked: { readonly reason: string; readonly message: string; readonly seq?: number } | undefined
  readonly entries: readonly SagaEntry[]
  /** `<n> <seq> <kind> <name>`. */
  readonly lines: readonly string[]
}

/** What stands in the store of a run. */
export async function lookAt(rig: SagaRig, record: SagaRecord): Promise<Ended> {
  const entries = await rig.store.sagas.entries(record.id, 0, 100_000)
  const outcome = JSON.parse(record.outcome ?? '{}') as { ok?: unknown; error?: Ended['error'] }
  const note = JSON.parse(record.note === '' ? '{}' : record.note) as { parked?: Ended['parked'] }
  return {
    id: record.id,
    state: record.state,
    record,
    ok: outcome.ok,
    error: outcome.error,
    parked: note.parked,
    entries,
    lines: entries.map(({ seq, kind, name }) => `${seq} ${kind} ${name}`),
  }
}

let messages = 0

/** Puts an event into the mailboxes of those who wait for it, as a delivery does. */
export async function deliver(
  rig: SagaRig,
  of: Event<unknown, unknown> & { readonly wire: string },
  data: { readonly orderId: string } & Record<string, unknown>,
  id = `event-${++messages}`,
): Promise<number> {
  const body = JSON.stringify({ data, timeMs: rig.environment.clock.now(), source: 'shipping' })
  const message = { id, kind: 'event', name: of.wire, key: data.orderId, body }
  return rig.environment.run(rig.store.transact((tx) => tx.sagas.deliver(message, ['tested'])))
}

/** Sends a signal, a request or a cancellation to a run. */
export function send(
  rig: SagaRig,
  id: string,
  kind: string,
  name: string,
  body: unknown,
  of = `message-${++messages}`,
) {
  return rig.environment.run(rig.store.sagas.send(id, { id: of, kind, name, key: '', body: JSON.stringify(body) }))
}

export const cancel = (rig: SagaRig, id: string) => send(rig, id, 'cancel', 'cancel', { by: 'ada', why: 'she said so' })

/** A host with another port to its runs. */
export function withSagas(host: SagaHost, sagas: Partial<SagaHost['store']['sagas']>): SagaHost {
  const store = Object.create(host.store, { sagas: { value: { ...host.store.sagas, ...sagas } } })
  return { ...host, store }
}

/** A participant's no. */
export const no = (reason = 'OUT_OF_STOCK'): BanyanError => new BanyanError('FAILED_PRECONDITION', 'no', { reason })
/** Nothing was executed; it may be tried again. */
export const away = (retryAfterMs?: number): BanyanError =>
  new BanyanError('UNAVAILABLE', 'away', { retryable: true, retryAfterMs })
/** Nobody knows whether it was executed. */
export const unclear = (): BanyanError => new BanyanError('UNAVAILABLE', 'no answer', { outcome: 'unknown' })
/** A promise that never settles. */
export const never = <Value = never>(): Promise<Value> => new Promise(() => {})
