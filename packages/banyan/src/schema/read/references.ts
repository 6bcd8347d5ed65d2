/**
 * `$ref` inside one document: `#`, `#/any/pointer`, `#anchor`, and the `$id` of a definition (TypeBox writes
 * `{ $ref: 'Node' }`). Nothing is ever fetched. It also finds where recursion closes, so that those turns are counted,
 * and refuses a schema that refers to itself without going deeper into the value, which no value could decide.
 */
import type { JsonSchema } from '../json-schema.ts'
import { SchemaError } from '../schema-error.ts'
import { ANYTHING, NEVER, type Shape, type Target } from '../shape.ts'
import { isObject, isSchema } from './keywords.ts'

type Read = (schema: unknown, place: { readonly at: string; readonly depth: number }) => Shape
type Keywords = Readonly<Record<string, unknown>>

/** References being read one inside the other: bounds the reader's own stack. */
const MAX_REFERENCE_CHAIN = 256

export class References {
  readonly #root: JsonSchema
  readonly #targets = new Map<object, Target>()
  readonly #reading = new Set<Target>()
  /** Which target leads to which for the same value. */
  readonly #sameValue = new Map<Target, Set<Target>>()
  /** The target whose value is the one being described now; undefined below it. */
  #owner: Target | undefined
  /** The nearest schema with an `$id`: what `#` means (JSON Schema core, 8.2). */
  #resource: JsonSchema

  constructor(root: JsonSchema) {
    this.#root = root
    this.#resource = root
  }

  /** Runs `read` with `schema` as the resource if it has an `$id`. */
  within(schema: Keywords, read: () => Shape): Shape {
    if (schema['$id'] === undefined) return read()
    const before = this.#resource
    this.#resource = schema
    try {
      return read()
    } finally {
      this.#resource = before
    }
  }

  descend<Result>(read: () => Result): Result {
    return this.#owned(undefined, read)
  }

  /** Definitions describe no value where they stand. */
  apart(read: () => unknown): void {
    this.#owned(undefined, read)
  }

  #owned<Result>(owner: Target | undefined, read: () => Result): Result {
    const before = this.#owner
    this.#owner = owner
    try {
      return read()
    } finally {
      this.#owner = before
    }
  }

  /** Reads a schema that can be referred to, once. */
  read(schema: unknown, at: string, read: Read): Shape {
    if (!isObject(schema)) return read(schema, { at, depth: at.split('/').length })
    const known = this.#targets.get(schema)
    if (known !== undefined) {
      if (this.#reading.has(known)) known.recursive = true
      this.#link(known)
      return { ...ANYTHING, target: known }
    }
    if (this.#reading.size >= MAX_REFERENCE_CHAIN)
      throw new SchemaError(at, '$ref', `more than ${MAX_REFERENCE_CHAIN} references, each inside the last`)
    const target: Target = { at, shape: NEVER, recursive: false }
    this.#targets.set(schema, target)
    this.#link(target)
    this.#reading.add(target)
    target.shape = this.#owned(target, () => read(schema, { at, depth: at.split('/').length }))
    this.#reading.delete(target)
    return { ...ANYTHING, target }
  }

  #link(to: Target): void {
    if (this.#owner === undefined) return
    const links = this.#sameValue.get(this.#owner) ?? new Set()
    this.#sameValue.set(this.#owner, links.add(to))
  }

  resolve(ref: string, at: string, read: Read): Shape {
    const found = this.#find(ref)
    if (found === undefined)
      throw new SchemaError(
        at,
        '$ref',
        `'${ref}' is not in this schema; use '#', '#/$defs/<name>' or the $id of a definition`,
      )
    if (!isObject(found.schema)) return found.schema === true ? ANYTHING : NEVER
    return this.read(found.schema, found.at, read)
  }

  #find(ref: string): { schema: unknown; at: string } | undefined {
    if (ref === '#') return { schema: this.#resource, at: '#' }
    if (ref.startsWith('#/')) {
      const schema = follow(this.#resource, ref) ?? follow(this.#root, ref)
      return schema === undefined ? undefined : { schema, at: ref }
    }
    return this.#findNamed(this.#resource, ref) ?? this.#findNamed(this.#root, ref)
  }

  #findNamed(resource: JsonSchema, ref: string): { schema: unknown; at: string } | undefined {
    if (!isObject(resource)) return undefined
    if (resource['$id'] === ref) return { schema: resource, at: ref }
    for (const key of ['$defs', 'definitions']) {
      const definitions = resource[key]
      if (!isObject(definitions)) continue
      for (const [name, schema] of Object.entries(definitions))
        if (isObject(schema) && (schema['$id'] === ref || `#${String(schema['$anchor'])}` === ref))
          return { schema, at: `#/${key}/${name}` }
    }
    return undefined
  }

  /** The `default` written on a schema, on what it refers to, or on a member of its `allOf`. */
  defaultOf(schema: unknown, turns = 0): { readonly value: unknown } | undefined {
    if (!isObject(schema) || turns > 16) return undefined
    if (Object.hasOwn(schema, 'default')) return { value: schema['default'] }
    const ref = schema['$ref']
    const referred = typeof ref === 'string' ? this.defaultOf(this.#find(ref)?.schema, turns + 1) : undefined
    if (referred !== undefined || !Array.isArray(schema['allOf'])) return referred
    for (const member of schema['allOf']) {
      const found = this.defaultOf(member, turns + 1)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Throws when a target leads back to itself without entering the value. */
  assertProgress(): void {
    const done = new Set<Target>()
    const visit = (target: Target, path: ReadonlySet<Target>): void => {
      if (path.has(target))
        throw new SchemaError(target.at, '$ref', 'refers to itself for the same value, so no value can satisfy it')
      if (done.has(target)) return
      for (const next of this.#sameValue.get(target) ?? []) visit(next, new Set(path).add(target))
      done.add(target)
    }
    for (const target of this.#sameValue.keys()) visit(target, new Set())
  }
}

function follow(root: JsonSchema, ref: string): unknown {
  let here: unknown = root
  for (const part of ref.slice(2).split('/')) {
    const key = decode(part)
    if (Array.isArray(here) && /^\d+$/.test(key)) here = here[Number(key)]
    else if (isObject(here) && Object.hasOwn(here, key)) here = here[key]
    else return undefined
  }
  return isSchema(here) ? here : undefined
}

function decode(part: string): string {
  let text = part
  try {
    text = decodeURIComponent(part)
  } catch {
    // Not percent-encoded text: then it is meant literally.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~')
}
