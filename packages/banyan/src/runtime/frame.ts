/** Who calls: everything a call needs to know of its caller. A call's own context is a frame for the calls below it. */
import { type Cancellable, CancelScope, followSignal } from '../core/cancellation.ts'
import type { Span, Trace } from '../telemetry/trace.ts'

/** The caller's side of a call. */
export interface CallFrame {
  /** When the caller's own time is over, on the monotonic clock; Infinity for never. */
  readonly dueMs: number
  readonly tracing: Trace
  readonly span: Span | undefined
  /** Name of the calling service, or of whoever came in at the edge. */
  readonly self: string
  /** Cancels `follower` when the caller gives up or its time is over; at once when that has happened. */
  follow(follower: Cancellable): void
  unfollow(follower: Cancellable): void
}

/** What one call may say of itself. */
export interface CallOptions {
  /** Shortens the operation's own deadline; never lengthens it. */
  readonly timeoutMs?: number | undefined
  /** Same key, same answer; 1 to 255 characters. */
  readonly idempotencyKey?: string | undefined
  /** The input has passed the edge's own compiled schema, which is stricter. Internal. */
  readonly validated?: boolean | undefined
}

/** A compiled way to one operation, from one service or the edge. */
export type CallFunction = (caller: CallFrame, input: unknown, options?: CallOptions) => Promise<unknown>

/** How a caller outside says that it gives up: it cancels who follows, or its signal does, which is read only when needed. */
export interface CancelSource {
  follow?(follower: Cancellable): void
  readonly signal?: AbortSignal | undefined
}

/** A frame for calls that come from outside any handler: the edge, another host, a job, a test. */
export class EntryFrame implements CallFrame {
  readonly dueMs: number
  readonly tracing: Trace
  readonly span: Span | undefined = undefined
  readonly self: string
  readonly #source: CancelSource | undefined
  #scope: CancelScope | undefined
  constructor(self: string, tracing: Trace, dueMs: number, source?: CancelSource) {
    this.self = self
    this.tracing = tracing
    this.dueMs = dueMs
    this.#source = source
  }
  follow(follower: Cancellable): void {
    this.#scope ??= this.#open()
    this.#scope.follow(follower)
  }
  unfollow(follower: Cancellable): void {
    this.#scope?.unfollow(follower)
  }
  #open(): CancelScope {
    const scope = new CancelScope()
    const source = this.#source
    if (source?.follow !== undefined) source.follow(scope)
    else if (source?.signal !== undefined) followSignal(source.signal, scope)
    return scope
  }
}
