/**
 * The same call across processes: validated here (so that a bad input never travels), sent with the remaining time, the
 * trace and the caller's name, and its answer validated again, since the other side may run another version.
 */

import { type Border, createWireBorder } from '../contract/border.ts'
import { Cancellation } from '../core/cancellation.ts'
import type { TimerNode, Timers } from '../core/environment/timers.ts'
import { BanyanError, isBanyanError } from '../core/error.ts'
import { formatPosition, parsePosition } from '../projection/position.ts'
import { INVALID } from '../schema/index.ts'
import { formatBaggage, formatTraceparent } from '../telemetry/trace-context.ts'
import type { Channel, WireMetadata } from '../transport/transport.ts'
import type { CallFrame, CallFunction, CallOptions } from './frame.ts'
import { cancelled, deadlineExceeded, invalidInput, noInstance, tooLate } from './refusals.ts'
import type { OperationShape } from './shapes.ts'

/** What a host gives for calls that leave it. */
export interface Remote {
  readonly timers: Timers
  /** A channel to a host that runs the service; undefined when none is known. */
  channel(service: string): Channel | undefined
  /** Whose calls these are: a service of this host, or the gateway. */
  readonly identity: string
  /** The secret by which the other side knows that. */
  readonly token: string
}

/** Gives a call up at its deadline or with its caller, whichever comes first. */
class Watch extends Cancellation implements TimerNode {
  nextTimer: TimerNode | null = null
  previousTimer: TimerNode | null = null
  readonly dueMs: number
  readonly #wire: string
  constructor(wire: string, dueMs: number) {
    super()
    this.#wire = wire
    this.dueMs = dueMs
  }
  override cancel(reason: unknown): void {
    super.cancel(isBanyanError(reason) ? reason : cancelled(this.#wire))
  }
  expire(): void {
    super.cancel(deadlineExceeded(this.#wire))
  }
}

function toMetadata(
  { identity, token }: Remote,
  caller: CallFrame,
  timeoutMs: number,
  options: CallOptions | undefined,
): WireMetadata {
  const { span, self, tracing, position } = caller
  return {
    token,
    timeoutMs,
    traceparent: formatTraceparent({
      traceId: tracing.traceId,
      spanId: span?.spanId ?? tracing.rootSpanId,
      sampled: tracing.sampled,
    }),
    tracestate: tracing.state,
    baggage: formatBaggage(tracing.baggage),
    idempotencyKey: options?.idempotencyKey,
    undoes: options?.undoes,
    // The token says it already, except where the gateway speaks for somebody.
    caller: self === identity ? undefined : self,
    position: position === undefined ? undefined : formatPosition(position),
  }
}

/** Typed errors stay typed: the details are checked against the contract on this side as well. */
function restore(operation: OperationShape, borders: ReadonlyMap<string, Border>, thrown: unknown): unknown {
  if (!isBanyanError(thrown) || thrown.reason === undefined || !Object.hasOwn(operation.errors, thrown.reason))
    return thrown
  const details = borders.get(thrown.reason)?.copy(thrown.details)
  if (details === INVALID)
    return new BanyanError('INTERNAL', `${operation.wire} answered with an error that breaks its contract`, {
      outcome: 'unknown',
    })
  return thrown
}

function parse(wire: string, output: Border, text: string): unknown {
  let answer: unknown
  try {
    answer = output.copy(JSON.parse(text))
  } catch {
    answer = INVALID
  }
  if (answer !== INVALID) return answer
  throw new BanyanError('INTERNAL', `the answer of ${wire} does not fit the contract this host has`, {
    reason: 'INVALID_OUTPUT',
    outcome: 'unknown',
    hint: 'The two hosts run versions of the contract that do not fit each other.',
  })
}

/** Compiles the way to an operation that some other host runs. */
export function compileRemoteCall(remote: Remote, operation: OperationShape): CallFunction {
  const { wire, contract, timeoutMs } = operation
  const input = createWireBorder(operation.input, 'input')
  const output = createWireBorder(operation.output, 'output')
  const borders = new Map<string, Border>()
  for (const [reason, { schema }] of Object.entries(operation.errors))
    if (schema !== undefined) borders.set(reason, createWireBorder(schema, 'output'))

  return async function call(caller, given, options) {
    const nowMs = remote.timers.coarseMs()
    const dueMs = Math.min(nowMs + Math.min(options?.timeoutMs ?? timeoutMs, timeoutMs), caller.dueMs)
    if (dueMs <= nowMs) throw tooLate(wire)
    const value = options?.validated === true ? given : input.copy(given)
    if (value === INVALID) throw invalidInput(wire, input.explain(given))
    const channel = remote.channel(contract)
    if (channel === undefined) throw noInstance(contract)
    const cancellation = new Watch(wire, dueMs)
    caller.follow(cancellation)
    if (cancellation.cancelled) throw cancelled(wire)
    remote.timers.add(cancellation)
    try {
      const metadata = toMetadata(remote, caller, Math.ceil(dueMs - nowMs), options)
      const body = JSON.stringify(value)
      const answered = (token: string): void => caller.note(parsePosition(token))
      return parse(wire, output, await channel.call({ wire, body, metadata, cancellation, answered }))
    } catch (error) {
      throw restore(operation, borders, error)
    } finally {
      remote.timers.remove(cancellation)
      caller.unfollow(cancellation)
    }
  }
}
