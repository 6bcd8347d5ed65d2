/** Errors in OpenAPI: problem details (RFC 9457), shared where all operations answer alike, typed where a contract says so. */
import type { AnyOperation } from './define-contract.ts'
import type { ErrorType } from './error-type.ts'
import type { JsonSchema } from './schema.ts'
import { toJsonSchema } from './schema.ts'
import { embedSchema, type SchemaComponents } from './schema-components.ts'

/** A part of an OpenAPI document. */
export type OpenApiPart = { readonly [key: string]: unknown }

const problem: JsonSchema = {
  type: 'object',
  description: 'Problem details as in RFC 9457.',
  required: ['title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri-reference' },
    code: { type: 'string', description: 'The gRPC code.' },
    reason: { type: 'string', description: 'Which declared error it is, or which rule refused.' },
    retryAfterMs: { type: 'number', minimum: 0 },
    errors: { type: 'array', items: { $ref: '#/components/schemas/ProblemIssue' } },
  },
}

const problemIssue: JsonSchema = {
  type: 'object',
  description: 'One thing wrong with the request.',
  required: ['rule', 'detail'],
  properties: {
    pointer: { type: 'string', description: 'JSON Pointer into the body (RFC 6901).' },
    parameter: { type: 'string' },
    in: { type: 'string', enum: ['path', 'query', 'header'] },
    rule: { type: 'string' },
    detail: { type: 'string' },
  },
}

const problemReference: OpenApiPart = { $ref: '#/components/schemas/Problem' }

function response(description: string, schema: unknown): OpenApiPart {
  return { description, content: { 'application/problem+json': { schema } } }
}

const retryAfter = { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } } }

/** Responses that every operation may give, by component name. */
export const sharedResponses: OpenApiPart = {
  BadRequest: response('The request is malformed.', problemReference),
  NotFound: response('There is no such thing.', problemReference),
  Conflict: response('The state of the thing, or a request under way with the same key, forbids it.', problemReference),
  Unprocessable: response('The request does not fit its schema; `errors` says where.', problemReference),
  TooManyRequests: { ...response('Too many requests.', problemReference), headers: retryAfter },
  Unavailable: { ...response('The service cannot answer now.', problemReference), headers: retryAfter },
  Timeout: response('The deadline passed.', problemReference),
  Problem: response('Anything else that went wrong.', problemReference),
}

/** Schemas of the shared responses. */
export const sharedSchemas: SchemaComponents = { Problem: problem, ProblemIssue: problemIssue }

function typedProblem(operation: AnyOperation, type: ErrorType, components: SchemaComponents): OpenApiPart {
  const name = `${operation.contract}.v${operation.major}.${operation.name}.${type.reason}`
  const details = type.schema && embedSchema(toJsonSchema(type.schema, 'output'), `${name}.details`, components)
  components[name] = {
    ...(type.about === undefined ? {} : { description: type.about }),
    allOf: [
      problemReference,
      {
        type: 'object',
        required: details === undefined ? ['reason'] : ['reason', 'details'],
        properties: { reason: { const: type.reason }, ...(details === undefined ? {} : { details }) },
      },
    ],
  }
  return { $ref: `#/components/schemas/${name}` }
}

const shared = (name: string): OpenApiPart => ({ $ref: `#/components/responses/${name}` })

/** The error responses of one operation, by status. */
export function problemResponses(
  operation: AnyOperation,
  hasParameters: boolean,
  components: SchemaComponents,
): OpenApiPart {
  const responses: Record<string, unknown> = { 400: shared('BadRequest') }
  if (hasParameters) responses['404'] = shared('NotFound')
  if (operation.kind === 'command') responses['409'] = shared('Conflict')
  Object.assign(responses, {
    422: shared('Unprocessable'),
    429: shared('TooManyRequests'),
    503: shared('Unavailable'),
    504: shared('Timeout'),
  })
  const byStatus = Map.groupBy(Object.values(operation.errors as Record<string, ErrorType>), ({ http }) => http)
  for (const [status, types] of byStatus) {
    const schemas = types.map((type) => typedProblem(operation, type, components))
    const description = types
      .map(({ reason, about }) => (about === undefined ? reason : `${reason}: ${about}`))
      .join(' ')
    const isShared = responses[status] !== undefined
    const choices = isShared ? [...schemas, problemReference] : schemas
    responses[status] = response(description, choices.length === 1 ? choices[0] : { anyOf: choices })
  }
  return { ...responses, default: shared('Problem') }
}
