/** The errors of the registry, with the numbers that clients of Confluent's registry know. */
import type { Code } from '../../core/code.ts'
import { BanyanError } from '../../core/error.ts'

/** The media type of the dialect; others that are JSON are taken too. */
export const schemaContentType = 'application/vnd.schemaregistry.v1+json'

/** Error codes of the REST dialect; the HTTP status is their first three digits. */
export const errorCodes = {
  subjectNotFound: 40401,
  versionNotFound: 40402,
  schemaNotFound: 40403,
  subjectSoftDeleted: 40404,
  subjectNotSoftDeleted: 40405,
  versionSoftDeleted: 40406,
  versionNotSoftDeleted: 40407,
  compatibilityNotFound: 40408,
  modeNotFound: 40409,
  incompatible: 409,
  invalidSchema: 42201,
  invalidVersion: 42202,
  invalidCompatibility: 42203,
  invalidMode: 42204,
  notPermitted: 42205,
  referenceExists: 42206,
  invalidSubject: 42208,
  tooLarge: 413,
  unauthorized: 40101,
} as const

const codeOf: Readonly<Record<number, Code>> = {
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  409: 'FAILED_PRECONDITION',
  413: 'RESOURCE_EXHAUSTED',
  422: 'INVALID_ARGUMENT',
}

/** The HTTP status of an error code. */
export function statusOf(errorCode: number): number {
  return errorCode < 1_000 ? errorCode : Math.floor(errorCode / 100)
}

/** An error of the registry; `details.errorCode` has the number, `details.messages` more than one sentence. */
export function registryError(
  errorCode: number,
  message: string,
  options: { readonly messages?: readonly string[]; readonly cause?: unknown } = {},
): BanyanError {
  const httpStatus = statusOf(errorCode)
  return new BanyanError(codeOf[httpStatus] ?? 'INVALID_ARGUMENT', message, {
    reason: errorCode === errorCodes.incompatible ? 'SCHEMA_INCOMPATIBLE' : 'SCHEMA_REGISTRY',
    httpStatus,
    details: { errorCode, messages: options.messages ?? [] },
    cause: options.cause,
  })
}

/** The number of an error; undefined when it is not the registry's. */
export function errorCodeOf(error: unknown): number | undefined {
  const { details } = (error ?? {}) as { details?: { errorCode?: unknown } }
  return typeof details?.errorCode === 'number' ? details.errorCode : undefined
}
