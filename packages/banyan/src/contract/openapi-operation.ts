/** One operation in OpenAPI: where its input travels, how it answers. */
import type { AnyOperation } from './define-contract.ts'
import { type OpenApiPart, problemResponses } from './openapi-problems.ts'
import { type ParsedRoute, parseRoute } from './route.ts'
import { type JsonSchema, toJsonSchema } from './schema.ts'
import { embedSchema, type SchemaComponents } from './schema-components.ts'
import { fieldsOf, requiredOf } from './schema-faults.ts'

/** `/orders/:orderId` as `/orders/{orderId}`. */
export function toTemplate(route: ParsedRoute): string {
  return `/${route.segments.map((s) => ('parameter' in s ? `{${s.parameter}}` : s.literal)).join('/')}`
}

/** `placeOrder` as `Place order`. */
function toWords(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function describe({ kind, contract, name, about, deprecated }: AnyOperation): OpenApiPart {
  const instead = typeof deprecated === 'string' ? [`Deprecated: ${deprecated}`] : []
  return {
    summary: about === undefined ? toWords(name) : (/^.*?[.!?](?=\s|$)/.exec(about)?.[0] ?? about),
    description: [about ?? `The ${kind} '${name}' of '${contract}'.`, ...instead].join('\n\n'),
    ...(deprecated === undefined || deprecated === false ? {} : { deprecated: true }),
  }
}

/** One field of the input as a parameter. Its description moves out of the schema, where OpenAPI tools look for it. */
function parameter(
  place: 'path' | 'query' | 'header',
  name: string,
  schema: JsonSchema,
  required: boolean,
): OpenApiPart {
  const { description, deprecated } = (typeof schema === 'object' ? schema : {}) as Record<string, unknown>
  return {
    name,
    in: place,
    ...(description === undefined ? {} : { description }),
    ...(required ? { required } : {}),
    ...(deprecated === true ? { deprecated } : {}),
    schema,
  }
}

const idempotencyKey: OpenApiPart = { $ref: '#/components/parameters/IdempotencyKey' }
const ifNoneMatch: OpenApiPart = { $ref: '#/components/parameters/IfNoneMatch' }

/** Parameters and body: path, headers, then the query string or the body for the rest. */
function requestParts(operation: AnyOperation, route: ParsedRoute, components: SchemaComponents): OpenApiPart {
  const input = toJsonSchema(operation.input, 'input')
  const fields = fieldsOf(input) ?? {}
  const required = requiredOf(input)
  const headers = operation.headers ?? {}
  const takesBody = route.method !== 'GET' && route.method !== 'DELETE'
  const rest = Object.keys(fields).filter((name) => !route.parameters.includes(name) && !Object.hasOwn(headers, name))
  const field = (name: string): JsonSchema =>
    embedSchema(withDefinitions(fields[name] ?? true, input), `${operation.wire}.${name}`, components)
  const parameters = [
    ...route.parameters.map((name) => parameter('path', name, field(name), true)),
    ...Object.entries(headers).map(([name, header]) =>
      parameter('header', header, field(name), required.includes(name)),
    ),
    ...(takesBody ? [] : rest.map((name) => parameter('query', name, field(name), required.includes(name)))),
    ...(operation.kind === 'command' ? [idempotencyKey] : []),
    ...(route.method === 'GET' ? [ifNoneMatch] : []),
  ]
  return {
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(takesBody && rest.length > 0 ? { requestBody: body(operation, input, rest, components) } : {}),
  }
}

/** A field on its own still needs the definitions of the schema it was part of. */
function withDefinitions(field: JsonSchema, whole: JsonSchema): JsonSchema {
  if (typeof field === 'boolean' || typeof whole === 'boolean') return field
  const { $defs, definitions } = whole as { readonly $defs?: unknown; readonly definitions?: unknown }
  if ($defs === undefined && definitions === undefined) return field
  return { ...field, ...($defs === undefined ? {} : { $defs }), ...(definitions === undefined ? {} : { definitions }) }
}

function body(
  operation: AnyOperation,
  input: JsonSchema,
  rest: readonly string[],
  components: SchemaComponents,
): OpenApiPart {
  const whole = input as { readonly properties: Record<string, JsonSchema> } & OpenApiPart
  const required = requiredOf(input).filter((name) => rest.includes(name))
  const { required: _all, ...others } = whole
  const properties = Object.fromEntries(rest.map((name) => [name, whole.properties[name] as JsonSchema]))
  const remaining = { ...others, ...(required.length === 0 ? {} : { required }), properties }
  const schema = embedSchema(remaining, `${operation.wire}.body`, components)
  return { required: required.length > 0, content: { 'application/json': { schema } } }
}

function successResponse(operation: AnyOperation, route: ParsedRoute, components: SchemaComponents): OpenApiPart {
  const { status = 200, location } = operation.success ?? {}
  const schema = embedSchema(toJsonSchema(operation.output, 'output'), `${operation.wire}.output`, components)
  const headers = {
    ...(location === undefined ? {} : { Location: { $ref: '#/components/headers/Location' } }),
    ...(route.method === 'GET' ? { ETag: { $ref: '#/components/headers/ETag' } } : {}),
  }
  const descriptions = { 200: 'Done.', 201: 'Created.', 202: 'Accepted; the work goes on.', 204: 'Done.' }
  return {
    [status]: {
      description: descriptions[status],
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(status === 204 ? {} : { content: { 'application/json': { schema } } }),
    },
    ...(route.method === 'GET' ? { 304: { description: 'Not modified since the given ETag.' } } : {}),
  }
}

/** The operation's place in `paths`; undefined when it has no route. */
export function toOpenApiOperation(
  operation: AnyOperation,
  tag: string,
  operationId: string,
  components: SchemaComponents,
): { readonly path: string; readonly method: string; readonly operation: OpenApiPart } | undefined {
  const route = operation.http === undefined ? undefined : parseRoute(operation.http)
  if (route === undefined || typeof route === 'string') return undefined
  return {
    path: toTemplate(route),
    method: route.method.toLowerCase(),
    operation: {
      operationId,
      tags: [tag],
      ...describe(operation),
      ...requestParts(operation, route, components),
      responses: {
        ...successResponse(operation, route, components),
        ...problemResponses(operation, route.parameters.length > 0, components),
      },
      'x-banyan-operation': operation.wire,
    },
  }
}
