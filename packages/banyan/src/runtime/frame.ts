/** Who calls: everything a call needs to know of its caller. A call's own context is a frame for the calls below it. */
import type { Span, Trace } from '../telemetry/trace.ts'

/** The caller's side of a call. */
export interface CallFrame {
  /** When the caller's own time is over, on the monotonic clock; Infinity for never. */
  readonly dueMs: number
  readonly tracing: Trace
  readonly span: Span | undefined
  /** Name of the calling service, or of whoever came in at the edge. */
  readonly self: string
  /** Aborted when the caller gives up or its time is over. Made when first asked for. */
  readonly signal: AbortSignal
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

/** Gives the signal of a caller outside; read only when somebody asks, since the edge makes it only then. */
export interface SignalSource {
  readonly signal?: AbortSignal | undefined
}

/** A frame for calls that come from outside any handler: the edge, another host, a job, a test. */
export class EntryFrame implements CallFrame {
  readonly dueMs: number
  readonly tracing: Trace
  readonly span: Span | undefined = undefined
  readonly self: string
  readonly #source: SignalSource | undefined
  #signal: AbortSignal | undefined
  constructor(self: string, tracing: Trace, dueMs: number, source?: SignalSource) {
    this.self = self
    this.tracing = tracing
    this.dueMs = dueMs
    this.#source = source
  }
  get signal(): AbortSignal {
    this.#signal ??= this.#source?.signal ?? new AbortController().signal
    return this.#signal
  }
}
