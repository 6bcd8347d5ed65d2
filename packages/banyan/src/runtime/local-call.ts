/**
 * The call pipeline in process, compiled once per operation: admission, deadline, validate and copy, context, handler,
 * validate and copy. One promise, no layers: what a chain of middleware would cost is measured in docs/decisions.
 */

import { createServiceBorder } from '../contract/border.ts'
import { INVALID } from '../schema/index.ts'
import { Span } from '../telemetry/trace.ts'
import { CallContext } from './call-context.ts'
import { createFailure } from './failure.ts'
import type { CallFunction } from './frame.ts'
import { createIdempotent } from './idempotent-call.ts'
import { invalidInput, invalidOutput, overloaded, tooLate } from './refusals.ts'
import type { ServiceScope } from './service-scope.ts'
import type { OperationShape, ServiceShape } from './shapes.ts'

/** What an operation counts, for admission and for the status page. */
export interface OperationCounters {
  inFlight: number
  /** Calls that ended well. */
  succeeded: number
  /** Calls that ended with an error that the caller caused or the contract declares. */
  refused: number
  /** Calls that ended with any other error. */
  failed: number
}

/** Calls of one operation at a time in one host. */
export const maxInFlight = 1_000

/** The two ends of a call. */
interface Settlement {
  succeed(ctx: CallContext, value: unknown): void
  fail(ctx: CallContext, thrown: unknown): void
}

/** Compiles what happens when the handler has ended. */
function compileSettlement(service: ServiceScope, operation: OperationShape, counters: OperationCounters): Settlement {
  const { timers, clock } = service.environment
  const output = createServiceBorder(operation.output)
  const copyOut = output.copy
  const toFailure = createFailure(operation)

  function end(ctx: CallContext, status: string): void {
    counters.inFlight--
    timers.remove(ctx)
    const { span } = ctx
    if (span === undefined) return
    span.endMs = clock.monotonic()
    span.status = status
    service.spans.add(span)
  }

  function fail(ctx: CallContext, thrown: unknown): void {
    const error = toFailure(ctx, thrown)
    end(ctx, error.code)
    if (error.outcome === 'refused') counters.refused++
    else counters.failed++
    if (ctx.done) return
    ctx.close()
    ctx.reject?.(error)
  }

  function succeed(ctx: CallContext, value: unknown): void {
    const copy = copyOut(value)
    if (copy === INVALID) {
      fail(ctx, invalidOutput(operation.wire, output.explain(value)))
      return
    }
    end(ctx, 'OK')
    counters.succeeded++
    if (ctx.done) return
    ctx.close()
    ctx.resolve?.(copy)
  }

  return { succeed, fail }
}

/** Compiles the way to an operation of a service that runs in this host. */
export function compileLocalCall(
  service: ServiceScope,
  handler: ServiceShape['operations'][string],
  operation: OperationShape,
  counters: OperationCounters,
): CallFunction {
  const { timers, clock } = service.environment
  const { wire, timeoutMs } = operation
  const input = createServiceBorder(operation.input)
  const copyIn = input.copy
  const idempotent = createIdempotent(service, operation, handler)
  const { succeed, fail } = compileSettlement(service, operation, counters)
  let resolve: CallContext['resolve']
  let reject: CallContext['reject']
  // One executor for all calls: it runs at once, so what it leaves here belongs to the promise just made.
  const executor = (yes: (value: unknown) => void, no: (error: unknown) => void): void => {
    resolve = yes
    reject = no
  }

  return function call(caller, given, options) {
    if (counters.inFlight >= maxInFlight) return Promise.reject(overloaded(wire, maxInFlight))
    const nowMs = timers.coarseMs()
    let dueMs = nowMs + timeoutMs
    let key: string | undefined
    let value: unknown
    if (options === undefined) value = copyIn(given)
    else {
      key = options.idempotencyKey
      if (options.timeoutMs !== undefined && options.timeoutMs < timeoutMs) dueMs = nowMs + options.timeoutMs
      value = options.validated === true ? given : copyIn(given)
    }
    if (caller.dueMs < dueMs) dueMs = caller.dueMs
    if (dueMs <= nowMs) return Promise.reject(tooLate(wire))
    if (value === INVALID) return Promise.reject(invalidInput(wire, input.explain(given)))
    const { tracing } = caller
    const span = tracing.sampled ? new Span(tracing, caller.span, wire, service.name, clock.monotonic()) : undefined
    const ctx = new CallContext(service, operation, caller, dueMs, span, key)
    if (options?.undoes !== undefined) ctx.undoes = options.undoes
    const promise = new Promise<unknown>(executor)
    ctx.resolve = resolve
    ctx.reject = reject
    counters.inFlight++
    let result: unknown
    try {
      result = key === undefined ? handler(value, ctx) : idempotent(value, ctx)
    } catch (error) {
      fail(ctx, error)
      return promise
    }
    if (typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function') {
      timers.add(ctx)
      ;(result as PromiseLike<unknown>).then(
        (late) => succeed(ctx, late),
        (error: unknown) => fail(ctx, error),
      )
    } else succeed(ctx, result)
    return promise
  }
}
