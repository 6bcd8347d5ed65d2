/**
 * OpenAPI 3.1 from contracts: what the HTTP edge serves, for people, client generators and linters.
 * Source: https://spec.openapis.org/oas/v3.1.1.html
 */
import { type AnyContract, operationsOf } from './define-contract.ts'
import { toOpenApiOperation } from './openapi-operation.ts'
import { type OpenApiPart, sharedResponses, sharedSchemas } from './openapi-problems.ts'
import type { SchemaComponents } from './schema-components.ts'

/** What the contracts themselves do not know. */
export interface OpenApiOptions {
  /** Default: the contract's name, or 'API' for several. */
  readonly title?: string
  /** Default: the contract's version, or '1.0.0' for several. */
  readonly version?: string
  readonly description?: string
  /** Where it is served, as in `https://shop.example`. Default: `/`. */
  readonly servers?: readonly string[]
  readonly contact?: { readonly name?: string; readonly url?: string; readonly email?: string }
  readonly license?: { readonly name: string; readonly identifier?: string; readonly url?: string }
  /** OpenAPI security schemes by name; every operation then asks for one of them. Default: none. */
  readonly securitySchemes?: Readonly<Record<string, OpenApiPart>>
}

/** An OpenAPI document: plain JSON. */
export type OpenApiDocument = { readonly openapi: string; readonly paths: OpenApiPart } & OpenApiPart

const parameters: OpenApiPart = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'The same key with the same request is executed once and answered alike (draft-ietf-httpapi-idempotency-key-header).',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'An ETag; the answer is 304 while the resource still has it (RFC 9110).',
    schema: { type: 'string' },
  },
}

const headers: OpenApiPart = {
  Location: {
    description: 'Where the thing is now, or will be.',
    schema: { type: 'string', format: 'uri-reference' },
  },
  ETag: { description: 'Names this state of the resource.', schema: { type: 'string' } },
}

/** `orders.place`, or `orders.v2.place` when several majors of the contract are in one document. */
function operationIds(contracts: readonly AnyContract[]): (contract: AnyContract, operation: string) => string {
  const names = contracts.map(({ name }) => name)
  const several = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return ({ name, major }, operation) => `${name}${several.has(name) ? `.v${major}` : ''}.${operation}`
}

function info(contracts: readonly AnyContract[], options: OpenApiOptions): OpenApiPart {
  const only = contracts.length === 1 ? contracts[0] : undefined
  const description = options.description ?? only?.about
  return {
    title: options.title ?? only?.name ?? 'API',
    version: options.version ?? only?.version ?? '1.0.0',
    ...(description === undefined ? {} : { description }),
    ...(options.contact === undefined ? {} : { contact: options.contact }),
    ...(options.license === undefined ? {} : { license: options.license }),
  }
}

/**
 * The OpenAPI 3.1 document of the operations that have an `http` route, in the order in which they were declared. Two
 * operations with one route: the first wins (the gateway refuses to start with such a pair).
 *
 * @example
 * JSON.stringify(toOpenApi([Orders, Inventory], { title: 'Shop', version: '1.4.0' }), undefined, 2)
 */
export function toOpenApi(contracts: readonly AnyContract[], options: OpenApiOptions = {}): OpenApiDocument {
  const schemas: SchemaComponents = { ...sharedSchemas }
  const paths: Record<string, Record<string, unknown>> = {}
  const idOf = operationIds(contracts)
  for (const contract of contracts)
    for (const operation of operationsOf(contract)) {
      const made = toOpenApiOperation(operation, contract.name, idOf(contract, operation.name), schemas)
      if (made === undefined) continue
      const item = paths[made.path] ?? {}
      item[made.method] ??= made.operation
      paths[made.path] = item
    }
  const schemes = options.securitySchemes ?? {}
  return {
    openapi: '3.1.1',
    info: info(contracts, options),
    servers: (options.servers ?? ['/']).map((url) => ({ url })),
    security: Object.keys(schemes).map((name) => ({ [name]: [] })),
    tags: tagsOf(contracts),
    paths,
    components: {
      schemas,
      responses: sharedResponses,
      parameters,
      headers,
      ...(Object.keys(schemes).length === 0 ? {} : { securitySchemes: schemes }),
    },
  }
}

function tagsOf(contracts: readonly AnyContract[]): readonly OpenApiPart[] {
  return [...new Map(contracts.map((contract) => [contract.name, contract])).values()].map(({ name, about }) => ({
    name,
    description: about ?? `Operations of ${name}.`,
  }))
}
