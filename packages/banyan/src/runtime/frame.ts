/** Who calls: everything a call needs to know of its caller. A call's own context is a frame for the calls below it. */
import { type Cancellable, CancelScope, followSignal } from '../core/cancellation.ts'
import { joinPositions, type Position } from '../projection/position.ts'
import type { Span, Trace } from '../telemetry/trace.ts'

/** The caller's side of a call. */
export interface CallFrame {
  /** When the caller's own time is over, on the monotonic clock; Infinity for never. */
  readonly dueMs: number
  readonly tracing: Trace
  readonly span: Span | undefined
  /** Name of the calling service, or of whoever came in at the edge. */
  readonly self: string
  /** What readers below must see: see projection/position.ts. */
  readonly position: Position | undefined
  /** What was published below, so that who called can see it. */
  note(position: Position): void
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
  /** The key of the saga's step that this call takes back: calls of that step are refused from then on. */
  readonly undoes?: string | undefined
  /** The input has passed the edge's own compiled schema, which is stricter. Internal. */
  readonly validated?: boolean | undefined
}

/** A compiled way to one operation, from one service or the edge. */
export type CallFunction = (caller: CallFrame, input: unknown, options?: CallOptions) => Promise<unknown>

/** A caller outside. It gives up by cancelling who follows, or by its signal, which is read only when needed. */
export interface CancelSource {
  /** What it has seen already, and must see again. */
  readonly position?: Position | undefined
  note?(position: Position): void
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
  #noted: Position | undefined
  #scope: CancelScope | undefined
  constructor(self: string, tracing: Trace, dueMs: number, source?: CancelSource) {
    this.self = self
    this.tracing = tracing
    this.dueMs = dueMs
    this.#source = source
  }
  get position(): Position | undefined {
    return this.#source?.position
  }
  /** What was published below. */
  get noted(): Position | undefined {
    return this.#noted
  }
  note(position: Position): void {
    this.#noted = joinPositions(this.#noted, position)
    this.#source?.note?.(position)
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
