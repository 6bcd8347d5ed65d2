/**
 * The closed set of error codes: gRPC's, by name, because every transport and language already knows them.
 * There are no user-defined codes; what is special to a contract is an error's `reason`.
 * Source: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */

/** One of gRPC's status codes, by name. */
export type Code =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED'

/** What a code means elsewhere: gRPC's number, and the HTTP status our edge answers with. */
export interface CodeFacts {
  readonly grpc: number
  readonly http: number
}

/**
 * gRPC numbers and HTTP statuses. The HTTP column is google.rpc's mapping, but for FAILED_PRECONDITION and ABORTED (409:
 * the state of the resource forbids it) and INVALID_ARGUMENT (422: the syntax was fine, the content was not).
 */
export const codes: Readonly<Record<Code, CodeFacts>> = {
  CANCELLED: { grpc: 1, http: 499 },
  UNKNOWN: { grpc: 2, http: 500 },
  INVALID_ARGUMENT: { grpc: 3, http: 422 },
  DEADLINE_EXCEEDED: { grpc: 4, http: 504 },
  NOT_FOUND: { grpc: 5, http: 404 },
  ALREADY_EXISTS: { grpc: 6, http: 409 },
  PERMISSION_DENIED: { grpc: 7, http: 403 },
  RESOURCE_EXHAUSTED: { grpc: 8, http: 429 },
  FAILED_PRECONDITION: { grpc: 9, http: 409 },
  ABORTED: { grpc: 10, http: 409 },
  OUT_OF_RANGE: { grpc: 11, http: 422 },
  UNIMPLEMENTED: { grpc: 12, http: 501 },
  INTERNAL: { grpc: 13, http: 500 },
  UNAVAILABLE: { grpc: 14, http: 503 },
  DATA_LOSS: { grpc: 15, http: 500 },
  UNAUTHENTICATED: { grpc: 16, http: 401 },
}

/** True for one of the sixteen code names. */
export function isCode(value: unknown): value is Code {
  return typeof value === 'string' && Object.hasOwn(codes, value)
}
