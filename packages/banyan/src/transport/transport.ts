/**
 * The Transport port: how a call reaches another host. Two methods, so that an implementation is small and the one in
 * memory is a product too. A call is a wire name, a JSON text and metadata; what they mean is the runtime's business.
 */
import type { Cancellable, Cancellation } from '../core/cancellation.ts'
import type { BanyanError } from '../core/error.ts'

/** A call on its way out. */
export interface WireCall {
  /** `<contract>.v<major>/<operation>` */
  readonly wire: string
  /** The input as JSON text. */
  readonly body: string
  readonly metadata: WireMetadata
  /** Cancelled: the call is given up here, and whoever serves it there is told. */
  readonly cancellation?: Cancellation | undefined
  /** Called at most once, before the call resolves: the position token of what was published there. */
  answered?(position: string): void
}

/** What travels beside the input. */
export interface WireMetadata {
  /** Proves who calls; the other side knows its digest. */
  readonly token: string
  /** Remaining time, in whole milliseconds: clocks of two machines do not agree, durations do. */
  readonly timeoutMs: number
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
  readonly baggage?: string | undefined
  readonly idempotencyKey?: string | undefined
  /** The key of the saga's step that this call takes back. */
  readonly undoes?: string | undefined
  /** On whose behalf, when the calling service is only the messenger (the gateway). */
  readonly caller?: string | undefined
  /** The position token of what the caller must see. */
  readonly position?: string | undefined
}

/** A call that came in. */
export interface InboundCall extends Omit<WireCall, 'cancellation' | 'answered'> {
  /** Set by the handler before it resolves: the position token of what was published; goes out with the answer. */
  published?: string
  /** What it came over: the same object for every call over one connection, so that what was found out once need not be again. */
  readonly connection: object
  /** Cancels this one when the caller gives up; one at most. */
  follow(follower: Cancellable): void
}

/** Serves calls: resolves to the output as JSON text, or rejects with a {@link BanyanError}. */
export type WireHandler = (call: InboundCall) => Promise<string>

/** A way to one host. */
export interface Channel {
  /** The output as JSON text; rejects with the {@link BanyanError} the other side gave, or UNAVAILABLE when it could not be reached. */
  call(call: WireCall): Promise<string>
  close(): Promise<void>
}

/** Something that takes calls. */
export interface Listener {
  /** How others reach it, like 'http://127.0.0.1:41234'. */
  readonly address: string
  close(withinMs: number): Promise<void>
}

/** How hosts talk. */
export interface Transport {
  listen(options: { readonly host: string; readonly port: number; readonly handler: WireHandler }): Promise<Listener>
  connect(address: string): Channel
}
