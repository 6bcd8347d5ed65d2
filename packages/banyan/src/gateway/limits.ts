/** What the gateway bears from the outside: every bound by name, with its default. */

/** Bounds of a gateway. Sizes in bytes, times in milliseconds. */
export interface GatewayLimits {
  /** Largest request body; 413 above it. Default 1 MiB. */
  readonly maxBodyBytes: number
  /** Longest path and query together; 414 above it. Default 8 KiB. */
  readonly maxTargetBytes: number
  /** Parameters in one query string; 400 above it. Default 100. */
  readonly maxQueryParameters: number
  /** Levels of arrays and objects in a JSON body; 400 above it. Default 32. */
  readonly maxDepth: number
  /** Fields listed in one answer that says what is wrong. Default 50. */
  readonly maxIssues: number
  /** Time a client has to send a body once its headers are here; 408 after it. Default 10 000. */
  readonly bodyTimeoutMs: number
  /** Calls under way at a time; 503 above it. Default 1 000. */
  readonly maxInFlight: number
  /** Longest time one call may take, whatever its contract says. Default 60 000. */
  readonly timeoutMs: number
  /** Largest header section; 431 above it. Default 16 KiB. */
  readonly maxHeaderBytes: number
  /** Time a client has for its headers; 408 after it. Default 10 000. */
  readonly headersTimeoutMs: number
  /** Time a client has for the whole request; 408 after it. Default 30 000. */
  readonly requestTimeoutMs: number
  /** How long an idle connection is kept. Default 65 000. */
  readonly keepAliveTimeoutMs: number
  /** Connections at a time. Default 10 000. */
  readonly maxConnections: number
}

/** The bounds when nothing else is said. */
export const defaultLimits: GatewayLimits = {
  maxBodyBytes: 1_048_576,
  maxTargetBytes: 8_192,
  maxQueryParameters: 100,
  maxDepth: 32,
  maxIssues: 50,
  bodyTimeoutMs: 10_000,
  maxInFlight: 1_000,
  timeoutMs: 60_000,
  maxHeaderBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  maxConnections: 10_000,
}
