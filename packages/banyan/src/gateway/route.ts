/** One operation at the edge, compiled at start: everything a request of it needs, with nothing left to look up. */
import type { AnyOperation } from '../contract/define-contract.ts'
import type { ErrorType } from '../contract/error-type.ts'
import { type ParsedRoute, parseRoute } from '../contract/route.ts'
import { type JsonSchema, validator } from '../contract/schema.ts'
import type { BanyanError } from '../core/error.ts'
import { type Compiled, compileSchema, INVALID } from '../schema/index.ts'
import { InputMap } from './input-map.ts'
import { compileLocation } from './location.ts'
import { phraseOf } from './problem.ts'

interface DeclaredError {
  readonly title: string
  readonly details: Compiled | undefined
}

/** A compiled route. */
export interface Route {
  readonly operation: AnyOperation
  readonly parsed: ParsedRoute
  readonly inputs: InputMap
  readonly input: Compiled
  /** The runtime need not validate again. */
  readonly validated: boolean
  readonly command: boolean
  /** Answers get an entity tag. */
  readonly tagged: boolean
  readonly status: number
  readonly location: ((output: unknown) => string | undefined) | undefined
  readonly timeoutMs: number
  readonly deprecated: boolean
  /** Headers that may not come twice: one value would win, and not the same one everywhere. */
  readonly singular: ReadonlySet<string>
  titleOf(reason: string): string | undefined
  detailsOf(error: BanyanError): unknown
}

const singularHeaders = [
  'authorization',
  'banyan-position',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'origin',
  'traceparent',
  'x-request-id',
]

function compileError({ reason, http, about, schema }: ErrorType): DeclaredError {
  const title = about ?? `${phraseOf(http)}: ${reason}`
  return {
    title,
    details: schema === undefined ? undefined : compileSchema(validator(schema, 'output').json, { extras: 'strip' }),
  }
}

function inputSchema(operation: AnyOperation): { json: JsonSchema; validated: boolean } {
  const { json, standard } = validator(operation.input, 'input')
  return { json, validated: standard === undefined }
}

/** Compiles an operation's route; undefined when it has none. */
export function compileRoute(operation: AnyOperation, maxTimeoutMs: number): Route | undefined {
  const parsed = operation.http === undefined ? undefined : parseRoute(operation.http)
  if (parsed === undefined || typeof parsed === 'string') return undefined
  const { json, validated } = inputSchema(operation)
  const inputs = new InputMap(operation, parsed)
  const declared = new Map(
    Object.entries(operation.errors as Readonly<Record<string, ErrorType>>).map(([reason, type]) => [
      reason,
      compileError(type),
    ]),
  )
  const location = operation.success?.location
  return {
    operation,
    parsed,
    inputs,
    input: compileSchema(json, { extras: 'reject' }),
    validated,
    command: operation.kind === 'command',
    tagged: operation.kind === 'query' && parsed.method === 'GET',
    status: operation.success?.status ?? 200,
    location: location === undefined ? undefined : compileLocation(location),
    timeoutMs: Math.min(operation.timeoutMs, maxTimeoutMs),
    deprecated: operation.deprecated !== undefined && operation.deprecated !== false,
    singular: new Set([...singularHeaders, ...inputs.headerNames]),
    titleOf: (reason) => declared.get(reason)?.title,
    detailsOf(error) {
      const details = declared.get(error.reason ?? '')?.details?.copy(error.details)
      return details === INVALID ? undefined : details
    },
  }
}
