/**
 * `defineFlow`: a choreographed saga, made visible. Nobody conducts it: services answer each other's events. What they should do and
 * by when is written down here, and a saga without steps watches each instance: it takes the events of its key, knows what is missing,
 * and says so when it is late. So it lies in the same tables and is seen by the same commands as an orchestrated one.
 */
import type { AnyEvent } from '../contract/define-contract.ts'
import type { Event } from '../contract/event.ts'
import type { Owned } from '../contract/operation.ts'
import { BanyanError } from '../core/error.ts'
import { defineSaga, type SagaDefinition } from './define-saga.ts'
import { type FlowEvent, FlowGraph, type Missing, toSentence, toWait } from './flow-graph.ts'
import type { FlowShape } from './flow-view.ts'
import type { Saga, SagaEvent } from './saga.ts'

type Contractual = AnyEvent & Owned

/** What follows what. */
export interface Expected {
  readonly after: Contractual
  /** One of them is enough. */
  readonly any: readonly Contractual[]
  /** Milliseconds from the publishing of `after`; 1 to ten years. */
  readonly withinMs: number
}

/** What {@link defineFlow} takes. */
export interface FlowSpec<R> {
  /** Default 1. */
  readonly version?: number
  readonly about?: string
  /** An instance begins with it. */
  readonly starts: Event<unknown, R> & Owned
  /** What all its events have in common: their keys. */
  readonly key: (data: NoInfer<R>) => string
  readonly expects: readonly Expected[]
  /** With one of these it is over. */
  readonly ends: readonly Contractual[]
  /** An instance that is not over by then is, as `incomplete`, in milliseconds. Default 30 days. */
  readonly giveUpMs?: number
}

/** What came of an instance. */
export interface FlowOutcome {
  /** The event that ended it; `incomplete` when none has come. */
  readonly ended: string
  readonly events: number
  /** What came late, or had not come at the end and was late by then: in sentences. */
  readonly late: readonly string[]
  /** What was expected and had not come at the end, late or not: in sentences. */
  readonly missing: readonly string[]
}

/** The time an instance has when nothing is said, in milliseconds: 30 days. */
export const flowGiveUpMs: number = 30 * 86_400_000

/** A flow: a saga that only watches. */
export interface FlowDefinition<R = unknown> extends SagaDefinition<R, FlowOutcome, object> {
  readonly flow: FlowShape
}

/**
 * Describes a flow; the service that lists it under `flows` watches it.
 *
 * @example
 * export const checkoutFlow = defineFlow('checkout-flow', {
 *   starts: Orders.events.placed,
 *   key: ({ orderId }) => orderId,
 *   expects: [
 *     { after: Orders.events.placed, any: [Inventory.events.reserved], withinMs: 5_000 },
 *     { after: Inventory.events.reserved, any: [Payments.events.captured], withinMs: 30_000 },
 *   ],
 *   ends: [Orders.events.confirmed, Orders.events.paymentOverdue],
 * })
 */
export function defineFlow<R>(name: string, spec: FlowSpec<R>): FlowDefinition<R> {
  const { starts, expects, ends, giveUpMs = flowGiveUpMs } = spec
  assertFlow(name, expects, ends)
  const events = new Map<string, Contractual>()
  for (const event of [...ends, ...expects.flatMap(({ after, any }) => [after, ...any])])
    if (event.wire !== starts.wire) events.set(event.wire, event)
  const waits = [...events.values()]
  const graphOf = expects.map(({ after, any, withinMs }) => ({
    after: after.wire,
    any: any.map(({ wire }) => wire),
    withinMs,
  }))
  const flow: FlowShape = { starts: starts.wire, expects: graphOf }
  const endings = ends.map(({ wire }) => wire)
  const saga = defineSaga(name, {
    version: spec.version ?? 1,
    ...(spec.about !== undefined && { about: spec.about }),
    startsOn: starts,
    key: spec.key,
    waits,
    // A flow that waits is not stuck: it says itself what is late.
    stuckMs: giveUpMs,
    run: (run: Saga<object>) => watch(run, flow, waits, endings, giveUpMs),
  })
  return Object.freeze({ ...saga, flow })
}

function assertFlow(name: string, expects: readonly Expected[], ends: readonly unknown[]): void {
  const faults: string[] = []
  if (ends.length === 0) faults.push("'ends' is empty: without an end an instance is watched until it is given up")
  for (const [index, { any, withinMs }] of expects.entries()) {
    if (any.length === 0) faults.push(`expects[${index}].any is empty`)
    if (!(withinMs >= 1 && withinMs <= 315_360_000_000))
      faults.push(`expects[${index}].withinMs is ${withinMs}: it must be from 1 to 315360000000 (ten years)`)
  }
  if (faults.length > 0)
    throw new BanyanError('INVALID_ARGUMENT', `flow '${name}':\n${faults.map((fault) => `  - ${fault}`).join('\n')}`, {
      reason: 'INVALID_FLOW',
    })
}

const toFlowEvent = ({ id, type, source, timeMs, causationId }: SagaEvent): FlowEvent => ({
  id,
  type,
  source,
  timeMs,
  causationId,
})

async function watch(
  saga: Saga<object>,
  { starts, expects }: FlowShape,
  events: readonly Contractual[],
  ends: readonly string[],
  giveUpMs: number,
): Promise<FlowOutcome> {
  const graph = new FlowGraph(expects)
  const begunMs = saga.now()
  const late = new Map<Missing, string>()
  let heard = 1
  const isLate = (one: Missing): unknown => late.set(one, toSentence(one, one.dueMs))
  const over = (ended: string): FlowOutcome => {
    const open = graph.missing
    for (const one of open) if (one.dueMs <= saga.now()) isLate(one)
    const missing = open.map((one) => toSentence(one, one.dueMs))
    return { ended, events: heard, late: [...late.values()], missing }
  }
  const { startEventId: id } = saga
  graph.add({ id, type: starts, source: starts.split('.', 1)[0] as string, timeMs: begunMs })
  for (;;) {
    const open = graph.missing
    const next = open.find(({ dueMs }) => dueMs > saga.now())
    const untilMs = Math.min(begunMs + giveUpMs, next?.dueMs ?? Number.POSITIVE_INFINITY)
    const says = toWait(open, saga.now())
    const event = await saga.waitFor(events as never, { timeoutMs: Math.max(1, untilMs - saga.now()), says })
    if (event === undefined) {
      if (saga.now() >= begunMs + giveUpMs) return over('incomplete')
      for (const one of open.filter(({ dueMs }) => dueMs <= saga.now() && dueMs >= (next?.dueMs ?? 0))) {
        isLate(one)
        saga.note('late', { missing: one.any, after: one.after, said: late.get(one) })
      }
      continue
    }
    // What comes late itself, and what was late already when its waiting began, since the event before it was heard late.
    for (const one of open) if (one.dueMs < (one.any.includes(event.type) ? event.timeMs : saga.now())) isLate(one)
    heard += 1
    graph.add(toFlowEvent(event))
    if (ends.includes(event.type)) return over(event.type)
  }
}
