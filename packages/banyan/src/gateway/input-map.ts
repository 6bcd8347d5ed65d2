/**
 * Where the fields of an operation's input come from. A field has exactly one place: path parameters from the path, fields
 * of `headers` from their header, the rest from the query string (GET, DELETE) or the JSON body (POST, PUT, PATCH). A field
 * in any other place is unknown there, and unknown ones are refused: two places for one value is how edges are bypassed.
 *
 * Everything is found here first and judged once: what cannot be read as its type stays as it came, and the one pass of
 * the compiled schema says all that is wrong.
 */
import type { AnyOperation } from '../contract/define-contract.ts'
import type { ParsedRoute } from '../contract/route.ts'
import { type JsonSchema, toJsonSchema } from '../contract/schema.ts'
import type { Headers } from '../core/environment/network.ts'
import type { FieldIssue } from '../core/error.ts'
import { type Coercion, compileCoercion } from './coercion.ts'
import type { ProblemIssue } from './problem.ts'

type Input = Record<string, unknown>

interface HeaderField {
  readonly field: string
  /** Lower case. */
  readonly header: string
  readonly coercion: Coercion
}

interface PathField {
  readonly field: string
  readonly coercion: Coercion
}

/** Where a field comes from when it is not the body or query string. */
type Place = { readonly parameter: string; readonly in: 'path' | 'header' }

/** Sets an own property whatever its name: `__proto__` is data here. */
function setOwn(target: Input, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value
  else Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
}

/** Compiled once per route. */
export class InputMap {
  /** Fields travel in a body. */
  readonly takesBody: boolean
  /** Some field of the body has to be there, so there has to be a body. */
  readonly needsBody: boolean
  /** Lower-case names of headers that carry fields. */
  readonly headerNames: readonly string[]
  readonly #path: readonly PathField[]
  readonly #headers: readonly HeaderField[]
  readonly #query: ReadonlyMap<string, Coercion>
  readonly #places: ReadonlyMap<string, Place>

  constructor(operation: AnyOperation, route: ParsedRoute) {
    const schema = toJsonSchema(operation.input, 'input') as {
      readonly properties?: Readonly<Record<string, JsonSchema>>
      readonly required?: readonly string[]
    }
    const fields = new Map(Object.entries(schema.properties ?? {}))
    const coercionOf = (field: string): Coercion => compileCoercion(fields.get(field) ?? true)
    const headers = Object.entries(operation.headers ?? {})
    this.takesBody = route.method !== 'GET' && route.method !== 'DELETE'
    this.#path = route.parameters.map((field) => ({ field, coercion: coercionOf(field) }))
    this.#headers = headers.map(([field, header]) => ({
      field,
      header: header.toLowerCase(),
      coercion: coercionOf(field),
    }))
    this.headerNames = this.#headers.map(({ header }) => header)
    this.#places = new Map<string, Place>([
      ...route.parameters.map((field) => [field, { parameter: field, in: 'path' }] as const),
      ...headers.map(([field, header]) => [field, { parameter: header, in: 'header' }] as const),
    ])
    const others = [...fields.keys()].filter((field) => !this.#places.has(field))
    this.#query = new Map(this.takesBody ? [] : others.map((field) => [field, coercionOf(field)]))
    this.needsBody = this.takesBody && others.some((field) => schema.required?.includes(field))
  }

  /** The input of a GET or DELETE. `pairs` as in `parseQuery`. */
  fromQuery(parameters: readonly string[], pairs: readonly string[], headers: Headers, issues: ProblemIssue[]): Input {
    const input: Input = {}
    for (let index = 0; index < pairs.length; index += 2)
      this.#take(input, pairs[index] as string, pairs[index + 1] as string, issues)
    this.#addPlaced(input, parameters, headers)
    return input
  }

  /** The input of a POST, PUT or PATCH. A body that is no object is returned as it is, for the schema to refuse. */
  fromBody(
    parameters: readonly string[],
    pairs: readonly string[],
    headers: Headers,
    body: unknown,
    issues: ProblemIssue[],
  ): unknown {
    for (let index = 0; index < pairs.length; index += 2)
      issues.push(
        unknownParameter(pairs[index] as string, 'this method takes no query parameters: send it in the body'),
      )
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
    for (const [field, place] of this.#places)
      if (Object.hasOwn(body, field))
        issues.push({
          pointer: `/${field}`,
          rule: 'misplaced',
          detail: `belongs into the ${place.in}, not into the body`,
        })
    this.#addPlaced(body as Input, parameters, headers)
    return body
  }

  /** Says of an issue of the input where its sender put the value. */
  locate(issue: FieldIssue): ProblemIssue {
    const { path, rule, message: detail } = issue
    const end = path.indexOf('/', 1)
    const name = path.slice(1, end === -1 ? path.length : end)
    const field = name.replaceAll('~1', '/').replaceAll('~0', '~')
    const place = this.#places.get(field)
    if (place !== undefined) return { ...place, rule, detail }
    if (this.takesBody || path === '') return { pointer: path, rule, detail }
    return { parameter: field, in: 'query', rule, detail }
  }

  #take(input: Input, name: string, text: string, issues: ProblemIssue[]): void {
    const coercion = this.#query.get(name)
    if (text.includes('\0') || name.includes('\0'))
      issues.push({ parameter: name, in: 'query', rule: 'text', detail: 'text may not contain U+0000' })
    else if (coercion === undefined) {
      if (this.#places.has(name)) issues.push(unknownParameter(name, 'is no query parameter: it has another place'))
      else setOwn(input, name, text)
    } else if (coercion.list) {
      const list = input[name] as unknown[] | undefined
      if (list === undefined) input[name] = [coercion.convert(text)]
      else list.push(coercion.convert(text))
    } else if (Object.hasOwn(input, name))
      issues.push({ parameter: name, in: 'query', rule: 'repeated', detail: 'may come only once' })
    else input[name] = coercion.convert(text)
  }

  #addPlaced(input: Input, parameters: readonly string[], headers: Headers): void {
    for (let index = 0; index < this.#path.length; index++) {
      const { field, coercion } = this.#path[index] as PathField
      input[field] = coercion.convert(parameters[index] as string)
    }
    for (const { field, header, coercion } of this.#headers) {
      const value = headers[header]
      if (value !== undefined) input[field] = coercion.convert(value)
    }
  }
}

function unknownParameter(parameter: string, detail: string): ProblemIssue {
  return { parameter, in: 'query', rule: 'unknown', detail }
}
