/**
 * Avro. Whether a reader's schema resolves a writer's is avsc's to say (`createResolver`, the resolution rules of the Avro
 * specification); where and why not is found by walking both, and shown by a value that the writer encodes.
 */
import avro from 'avsc'
import { sampleAvro } from './avro-sample.ts'
import type { FormatDifference, SchemaFormat, SchemaSource } from './format.ts'
import { sortedText } from './sorted-text.ts'

type Type = avro.Type

/** Levels of nesting that are walked. */
const maxDepth = 32

/** The format. */
export const avroFormat: SchemaFormat = {
  type: 'AVRO',
  canonical(source) {
    toType(source)
    return sortedText(parse(source.schema))
  },
  compare(writer, reader) {
    const [from, to] = [toType(writer), toType(reader)]
    return canResolve(from, to) ? [] : explain(from, to)
  },
}

/** A schema may be a bare name such as `string`, with or without quotes. */
function parse(text: string): avro.Schema {
  try {
    return JSON.parse(text) as avro.Schema
  } catch (error) {
    if (/^[a-z]+$/.test(text.trim())) return text.trim() as avro.Schema
    throw error
  }
}

function toType({ schema, references }: SchemaSource): Type {
  const registry: { [name: string]: Type } = {}
  for (const reference of references) avro.Type.forSchema(parse(reference.schema), { registry, wrapUnions: true })
  return avro.Type.forSchema(parse(schema), { registry, wrapUnions: true })
}

function canResolve(from: Type, to: Type): boolean {
  try {
    to.createResolver(from)
    return true
  } catch {
    return false
  }
}

interface Problem {
  readonly path: readonly string[]
  readonly rule: string
  readonly writer: unknown
  readonly reader: unknown
}

function explain(from: Type, to: Type): readonly FormatDifference[] {
  const problems: Problem[] = []
  walk(from, to, [], problems)
  const all: Problem[] =
    problems.length > 0 ? problems : [{ path: [], rule: 'resolution', writer: name(from), reader: name(to) }]
  const refusal = refusalOf(from, to)
  return all.map(({ path, rule, writer, reader }) => {
    const difference = { path: path.map((part) => `/${part}`).join(''), rule, writer, reader }
    const value = sampleAvro(
      from,
      path,
      Array.isArray(writer) && Array.isArray(reader) ? missing(writer, reader) : undefined,
    )
    if (value === undefined || !from.isValid(value)) return { ...difference, confirmed: false }
    const bytes = from.toBuffer(value).toString('hex')
    return { ...difference, confirmed: true, witness: JSON.parse(from.toString(value)), bytes, refusal }
  })
}

function refusalOf(from: Type, to: Type): string {
  try {
    to.createResolver(from)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

const missing = (writer: readonly unknown[], reader: readonly unknown[]): unknown =>
  writer.find((one) => !reader.includes(one))

const name = (type: Type): string => {
  const logical = type as { readonly name?: string }
  return logical.name ?? type.typeName
}

/** The parts of types that avsc shows by its own classes. */
interface Parts {
  readonly fields?: readonly {
    readonly name: string
    readonly type: Type
    readonly aliases: readonly string[]
    defaultValue(): unknown
  }[]
  readonly symbols?: readonly string[]
  readonly itemsType?: Type
  readonly valuesType?: Type
  readonly types?: readonly Type[]
  readonly size?: number
  readonly underlyingType?: Type
}

function walk(from: Type, to: Type, path: readonly string[], problems: Problem[]): void {
  if (path.length > maxDepth || canResolve(from, to)) return
  const [writer, reader] = [from as Parts, to as Parts]
  if (writer.types !== undefined) return walkWriterUnion(from, writer.types, to, path, problems)
  if (reader.types !== undefined)
    return void problems.push({ path, rule: 'union', writer: name(from), reader: reader.types.map(name) })
  if (from.typeName !== to.typeName)
    return void problems.push({ path, rule: 'type', writer: from.typeName, reader: to.typeName })
  if (writer.fields !== undefined) return walkFields(writer, reader, path, problems)
  if (writer.symbols !== undefined && reader.symbols?.length !== undefined && missing(writer.symbols, reader.symbols))
    return void problems.push({ path, rule: 'symbols', writer: writer.symbols, reader: reader.symbols })
  if (writer.itemsType !== undefined) return walk(writer.itemsType, reader.itemsType as Type, [...path, '0'], problems)
  if (writer.valuesType !== undefined)
    return walk(writer.valuesType, reader.valuesType as Type, [...path, 'key'], problems)
  if (writer.size !== reader.size)
    return void problems.push({ path, rule: 'size', writer: writer.size, reader: reader.size })
  problems.push({ path, rule: name(from) === name(to) ? 'type' : 'name', writer: name(from), reader: name(to) })
}

function walkWriterUnion(
  from: Type,
  types: readonly Type[],
  to: Type,
  path: readonly string[],
  problems: Problem[],
): void {
  const refused = types.filter((type) => !canResolve(type, to))
  for (const type of refused) {
    const branch = (type as { branchName?: string }).branchName ?? type.typeName
    if (refused.length === types.length && (to as Parts).types === undefined)
      walk(type, to, [...path, branch], problems)
    else problems.push({ path: [...path, branch], rule: 'union', writer: types.map(name), reader: unionNames(to) })
  }
  if (refused.length === 0) problems.push({ path, rule: 'union', writer: name(from), reader: name(to) })
}

const unionNames = (type: Type): readonly string[] => ((type as Parts).types ?? [type]).map(name)

function walkFields(writer: Parts, reader: Parts, path: readonly string[], problems: Problem[]): void {
  for (const field of reader.fields ?? []) {
    const names = [field.name, ...field.aliases]
    const source = writer.fields?.find((one) => names.includes(one.name))
    if (source !== undefined) walk(source.type, field.type, [...path, source.name], problems)
    else if (field.defaultValue() === undefined)
      problems.push({ path: [...path, field.name], rule: 'required', writer: 'absent', reader: 'no default' })
  }
}
