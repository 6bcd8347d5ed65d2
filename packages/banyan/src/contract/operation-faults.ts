/** What can be wrong with one operation. Each fault is one line that names the field and the rule. */
import { isCode } from '../core/code.ts'
import { type ParsedRoute, parametersOf, parsePath, parseRoute } from './route.ts'
import type { JsonSchema } from './schema.ts'
import { fieldsOf, isQueryValue, isScalar, readSchema, requiredOf } from './schema-faults.ts'

/** The longest deadline a contract may ask for: one hour. */
export const maxTimeoutMs = 3_600_000

/** Header fields that HTTP, Banyan or the trace own; no input field may travel in them. */
const ownedHeaders = new Set(
  'authorization connection content-length content-type cookie host idempotency-key traceparent tracestate transfer-encoding'.split(
    ' ',
  ),
)

type Loose = { readonly [member: string]: unknown }

/** One operation under examination. */
interface Examined {
  readonly kind: unknown
  readonly input: JsonSchema | undefined
  readonly output: JsonSchema | undefined
  readonly route: ParsedRoute | undefined
  readonly faults: string[]
}

/** All that is wrong with an operation, and its route when it has a good one. */
export function operationFaults(operation: unknown): { faults: readonly string[]; route: ParsedRoute | undefined } {
  const made = (operation ?? {}) as Loose
  if ((made['kind'] !== 'command' && made['kind'] !== 'query') || made['timeoutMs'] === undefined)
    return { faults: ['is no operation: make it with command({ … }) or query({ … })'], route: undefined }
  const faults: string[] = []
  const examined: Examined = {
    kind: made['kind'],
    input: inputFaults(made['input'], faults),
    output: schemaFaults('output', made['output'], 'output', faults),
    route: readRoute(made['http'], made['kind'], faults),
    faults,
  }
  errorFaults(made['errors'] as Loose, faults)
  timeoutFaults(made['timeoutMs'], faults)
  if (examined.route !== undefined) httpInputFaults(examined, examined.route, (made['headers'] ?? {}) as Loose)
  headerFaults(examined, made['headers'] as Loose | undefined)
  successFaults(examined, made['success'] as Loose | undefined)
  return { faults, route: examined.route }
}

function schemaFaults(
  what: string,
  schema: unknown,
  side: 'input' | 'output',
  faults: string[],
): JsonSchema | undefined {
  const read = readSchema(schema, side)
  if ('json' in read) return read.json
  faults.push(`${what} ${read.fault}`)
  return undefined
}

function inputFaults(schema: unknown, faults: string[]): JsonSchema | undefined {
  const json = schemaFaults('input', schema, 'input', faults)
  if (json === undefined) return undefined
  if (fieldsOf(json) === undefined)
    faults.push('input must be an object, so that fields can be added: wrap it in t.Object({ … })')
  else schemaFaults('input (after its transformations)', schema, 'output', faults)
  return json
}

function readRoute(http: unknown, kind: unknown, faults: string[]): ParsedRoute | undefined {
  if (http === undefined) return undefined
  const route = parseRoute(String(http))
  if (typeof route === 'string') {
    faults.push(`http: ${route}`)
    return undefined
  }
  if (kind === 'command' && route.method === 'GET')
    faults.push('http: GET must not change anything: make this a query, or use POST')
  if (kind === 'query' && route.method !== 'GET' && route.method !== 'POST')
    faults.push(`http: a query changes nothing, so its method is GET (or POST), not ${route.method}`)
  return route
}

function errorFaults(errors: Loose, faults: string[]): void {
  for (const [reason, declared] of Object.entries(errors ?? {})) {
    const { code, http, schema } = declared as Loose
    if (!/^[A-Z][A-Z0-9_]*$/.test(reason)) faults.push(`errors: '${reason}' must be in capitals, like OUT_OF_STOCK`)
    if (!isCode(code)) faults.push(`errors: '${reason}' has code '${String(code)}', which is not one of gRPC's`)
    else if (!Number.isInteger(http) || Number(http) < 400 || Number(http) > 599)
      faults.push(`errors: '${reason}' has http ${String(http)}, but an error's status is 400 to 599`)
    if (schema !== undefined) schemaFaults(`errors: details of '${reason}'`, schema, 'output', faults)
  }
}

function timeoutFaults(timeoutMs: unknown, faults: string[]): void {
  if (!Number.isInteger(timeoutMs) || Number(timeoutMs) < 1 || Number(timeoutMs) > maxTimeoutMs)
    faults.push(`timeoutMs is ${String(timeoutMs)}, but must be a whole number from 1 to ${maxTimeoutMs}`)
}

function httpInputFaults({ input, faults }: Examined, route: ParsedRoute, headers: Loose): void {
  const fields = input === undefined ? undefined : fieldsOf(input)
  if (input === undefined || fields === undefined) return
  for (const name of route.parameters) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field === undefined) faults.push(`http: path parameter ':${name}' is not a field of input`)
    else if (!requiredOf(input).includes(name)) faults.push(`http: path parameter ':${name}' may not be optional`)
    else if (!isScalar(field)) faults.push(`http: path parameter ':${name}' must be a string, a number or a boolean`)
  }
  if (route.method !== 'GET' && route.method !== 'DELETE') return
  for (const [name, field] of Object.entries(fields))
    if (!route.parameters.includes(name) && !Object.hasOwn(headers, name) && !isQueryValue(field))
      faults.push(
        `http: input field '${name}' would travel in the query string of ${route.method}, so it must be a string, a number, a boolean or a list of these: change it or use POST`,
      )
}

function headerFaults({ input, route, faults }: Examined, headers: Loose | undefined): void {
  if (headers === undefined) return
  if (route === undefined) faults.push('headers: the operation has no http route')
  const fields = (input === undefined ? undefined : fieldsOf(input)) ?? {}
  for (const [name, header] of Object.entries(headers)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field === undefined) faults.push(`headers: '${name}' is not a field of input`)
    else if (!isScalar(field)) faults.push(`headers: '${name}' must be a string, a number or a boolean`)
    if (route?.parameters.includes(name)) faults.push(`headers: '${name}' is already a path parameter`)
    if (typeof header !== 'string' || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(header))
      faults.push(`headers: '${String(header)}' is no header name`)
    else if (ownedHeaders.has(header.toLowerCase())) faults.push(`headers: '${header}' is not an input's to use`)
  }
}

function successFaults({ output, route, faults }: Examined, success: Loose | undefined): void {
  if (success === undefined) return
  if (route === undefined) faults.push('success: the operation has no http route')
  const { status, location } = success
  if (status !== undefined && ![200, 201, 202, 204].includes(status as number))
    faults.push(`success: status ${String(status)} is not one of 200, 201, 202, 204`)
  if (location === undefined || output === undefined) return
  const segments = parsePath(String(location))
  if (typeof segments === 'string') return void faults.push(`success: location ${segments}`)
  const fields = fieldsOf(output) ?? {}
  for (const name of parametersOf(segments)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field === undefined) faults.push(`success: location parameter ':${name}' is not a field of output`)
    else if (!requiredOf(output).includes(name) || !isScalar(field))
      faults.push(`success: location parameter ':${name}' must be a string, a number or a boolean, and always there`)
  }
}
