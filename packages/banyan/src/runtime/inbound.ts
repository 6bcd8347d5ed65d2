/** Calls that come in from other hosts: who is it, what do they want, and the same pipeline as in process. */
import type { Clock } from '../core/environment/environment.ts'
import type { Random } from '../core/environment/random.ts'
import { BanyanError } from '../core/error.ts'
import { formatPosition, parsePosition } from '../projection/position.ts'
import { Trace } from '../telemetry/trace.ts'
import { parseBaggage, parseTraceparent } from '../telemetry/trace-context.ts'
import type { Tokens } from '../transport/tokens.ts'
import type { InboundCall, WireHandler } from '../transport/transport.ts'
import { type CallFunction, type CancelSource, EntryFrame } from './frame.ts'
import { draining, tooLate } from './refusals.ts'

/** Name of the gateway among the services; the one caller that may speak for another. */
export const gatewayName = 'gateway'

/** What the host tells about itself. */
export interface InboundOptions {
  readonly clock: Clock
  readonly random: Random
  readonly tokens: Tokens
  /** The way to an operation of this host, by wire name. */
  find(wire: string): CallFunction | undefined
  isDraining(): boolean
}

/** Who was found to be at the other end of a connection, by which token. */
interface Known {
  readonly token: string
  readonly identity: string
}

/**
 * Identifies once a connection: whoever holds it has shown the token on it before, so that comparing the next one with it as
 * one compares any two texts tells nothing to anybody who does not have it already.
 */
function createIdentify(tokens: Tokens): (call: InboundCall) => string {
  const known = new WeakMap<object, Known>()
  return ({ metadata: { token }, connection }) => {
    const before = known.get(connection)
    if (before !== undefined && before.token === token) return before.identity
    const identity = tokens.identify(token)
    if (identity === undefined)
      throw new BanyanError('UNAUTHENTICATED', 'this host does not know the caller', { reason: 'UNKNOWN_CALLER' })
    known.set(connection, { token, identity })
    return identity
  }
}

function parseInput(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new BanyanError('INVALID_ARGUMENT', 'the input is not JSON', { reason: 'BAD_WIRE_CALL' })
  }
}

function toFrame(options: InboundOptions, call: InboundCall, identity: string): EntryFrame {
  const { metadata } = call
  const parent = parseTraceparent(metadata.traceparent)
  const trace = new Trace(
    options.random,
    parent?.sampled ?? false,
    parent,
    metadata.tracestate,
    parseBaggage(metadata.baggage),
  )
  const self = identity === gatewayName ? (metadata.caller ?? identity) : identity
  const { position: token } = metadata
  // Few calls carry one; the others need no object besides the call.
  const source: CancelSource =
    token === undefined ? call : { follow: (follower) => call.follow(follower), position: parsePosition(token) }
  return new EntryFrame(self, trace, options.clock.monotonic() + metadata.timeoutMs, source)
}

const unknownOperation = (wire: string): BanyanError =>
  new BanyanError('UNIMPLEMENTED', `this host has no operation '${wire}'`, {
    reason: 'UNKNOWN_OPERATION',
    outcome: 'none',
  })

/** Creates the handler that a transport serves. */
export function createInbound(options: InboundOptions): WireHandler {
  const identify = createIdentify(options.tokens)
  function invoke(call: InboundCall): Promise<string> {
    const identity = identify(call)
    if (options.isDraining()) throw draining()
    const operation = options.find(call.wire)
    if (operation === undefined) throw unknownOperation(call.wire)
    if (call.metadata.timeoutMs <= 0) throw tooLate(call.wire)
    const { idempotencyKey, undoes } = call.metadata
    const frame = toFrame(options, call, identity)
    const work = operation(
      frame,
      parseInput(call.body),
      idempotencyKey === undefined ? undefined : { idempotencyKey, undoes },
    )
    return work.then((output) => {
      if (frame.noted !== undefined) call.published = formatPosition(frame.noted)
      return JSON.stringify(output)
    })
  }
  return (call) => {
    try {
      return invoke(call)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}
