/**
 * Protocol Buffers. What crosses the wire is numbers and wire types, so fields are compared by number, and a new name for a
 * number is no change; but a number or name that was reserved may not come back. Every finding is tried out: a message is
 * encoded by the writer's schema and decoded by the reader's, and the two must say the same.
 */
import protobuf from 'protobufjs'
import type { FormatDifference, SchemaFormat, SchemaSource } from './format.ts'
import { sampleMessage } from './protobuf-sample.ts'

/** The format. */
export const protobufFormat: SchemaFormat = {
  type: 'PROTOBUF',
  canonical(source) {
    toRoot(source)
    return source.schema.replaceAll('\r\n', '\n').trim()
  },
  compare(writer, reader) {
    const [from, to] = [toRoot(writer), toRoot(reader)]
    return messagesOf(from).flatMap((message) => compareMessage(message, to))
  },
  forbidden: (earlier, later) => reusedNumbers(earlier, later),
}

function toRoot({ schema, references }: SchemaSource): protobuf.Root {
  const root = new protobuf.Root()
  for (const reference of references) protobuf.parse(reference.schema, root, { keepCase: true })
  const { root: parsed } = protobuf.parse(schema, root, { keepCase: true })
  if (messagesOf(parsed).length === 0 && !hasEnums(parsed)) throw new Error('it declares no message')
  parsed.resolveAll()
  return parsed
}

function messagesOf(space: protobuf.NamespaceBase): protobuf.Type[] {
  return space.nestedArray.flatMap((one) => {
    if (one instanceof protobuf.Type) return [one, ...messagesOf(one)]
    return one instanceof protobuf.Namespace ? messagesOf(one) : []
  })
}

const hasEnums = (space: protobuf.NamespaceBase): boolean =>
  space.nestedArray.some((one) => one instanceof protobuf.Enum || (one instanceof protobuf.Namespace && hasEnums(one)))

interface Change {
  readonly field: protobuf.Field
  readonly path: string
  readonly rule: string
  readonly writer: unknown
  readonly reader: unknown
}

function find(root: protobuf.Root, name: string): protobuf.Type | undefined {
  const found = root.lookup(name)
  return found instanceof protobuf.Type ? found : undefined
}

function compareMessage(writer: protobuf.Type, to: protobuf.Root): readonly FormatDifference[] {
  const reader = find(to, writer.fullName)
  if (reader === undefined) return [removed(writer)]
  const changes = [
    ...writer.fieldsArray.flatMap((field) => compareField(field, writer, reader)),
    ...reader.fieldsArray.flatMap((field) => missingRequired(field, writer)),
  ]
  return changes.map((change) => tryOut(change, writer, reader))
}

const pathOf = (type: protobuf.Type, field: string): string => `/${type.fullName.slice(1)}/${field}`

function missingRequired(field: protobuf.Field, writer: protobuf.Type): readonly Change[] {
  const own = writer.fieldsById[field.id]
  if (!field.required || own?.required === true) return []
  const path = pathOf(writer, field.name)
  return [{ field, path, rule: 'required', writer: own === undefined ? 'absent' : labelOf(own), reader: 'required' }]
}

function compareField(own: protobuf.Field, writer: protobuf.Type, reader: protobuf.Type): readonly Change[] {
  const path = pathOf(writer, own.name)
  const other = reader.fieldsById[own.id]
  if (other === undefined) return missingField(own, path, reader)
  const change = (rule: string, mine: unknown, theirs: unknown): Change => ({
    field: own,
    path,
    rule,
    writer: mine,
    reader: theirs,
  })
  const changes: Change[] = []
  if (kindOf(own) !== kindOf(other)) changes.push(change('type', typeOf(own), typeOf(other)))
  else if (own.map !== other.map || own.repeated !== other.repeated)
    changes.push(change('label', labelOf(own), labelOf(other)))
  const [mine, theirs] = [oneofOf(own), oneofOf(other)]
  if (mine !== theirs && theirs !== undefined && joins(own, other, writer)) changes.push(change('oneof', mine, theirs))
  return changes
}

/** A field that the reader does not have is skipped, unless its number or name is back in use or kept free for good. */
function missingField(own: protobuf.Field, path: string, reader: protobuf.Type): readonly Change[] {
  const named = reader.fields[own.name]
  if (named !== undefined) return [{ field: own, path, rule: 'number', writer: own.id, reader: named.id }]
  return []
}

/** Several fields that could be set together now exclude each other. */
function joins(own: protobuf.Field, other: protobuf.Field, writer: protobuf.Type): boolean {
  const together =
    other.partOf?.fieldsArray.filter(({ id }) => id !== own.id && writer.fieldsById[id] !== undefined) ?? []
  return together.some(({ id }) => oneofOf(writer.fieldsById[id]) !== oneofOf(own) || oneofOf(own) === undefined)
}

/** proto3's `optional` is a oneof of its own, which excludes nothing. */
function oneofOf(field: protobuf.Field | undefined): string | undefined {
  const { partOf } = field ?? {}
  return partOf == null || partOf.name.startsWith('_') ? undefined : partOf.name
}

const labelOf = (field: protobuf.Field): string =>
  field.map ? 'map' : field.repeated ? 'repeated' : field.required ? 'required' : 'optional'

const typeOf = (field: protobuf.Field): string =>
  field instanceof protobuf.MapField ? `map<${field.keyType}, ${field.type}>` : field.type

function removed(type: protobuf.Type): FormatDifference {
  const path = `/${type.fullName.slice(1)}`
  const refusal = `there is no message ${type.fullName.slice(1)}`
  return {
    path,
    rule: 'message',
    writer: type.fullName,
    reader: undefined,
    confirmed: true,
    witness: {},
    bytes: '',
    refusal,
  }
}

/** Types of one kind may replace each other on the wire and mean the same for the values both have. */
const kinds: Readonly<Record<string, string>> = {
  int32: 'varint',
  uint32: 'varint',
  int64: 'varint',
  uint64: 'varint',
  bool: 'varint',
  sint32: 'zigzag',
  sint64: 'zigzag',
  fixed32: 'fixed32',
  sfixed32: 'fixed32',
  fixed64: 'fixed64',
  sfixed64: 'fixed64',
}

function kindOf(field: protobuf.Field): string {
  const own = field.resolvedType instanceof protobuf.Enum ? 'varint' : field.resolvedType?.fullName
  const value = own ?? kinds[field.type] ?? field.type
  return field instanceof protobuf.MapField ? `map ${kinds[field.keyType] ?? field.keyType} ${value}` : value
}

/** Writes with the one schema and reads with the other. */
function tryOut(change: Change, writer: protobuf.Type, reader: protobuf.Type): FormatDifference {
  const { field, path, rule } = change
  const facts = { path, rule, writer: change.writer, reader: change.reader }
  for (const value of sampleMessage(writer, field)) {
    const message = writer.fromObject(value)
    const encoded = writer.encode(message).finish()
    const witness = writer.toObject(writer.decode(encoded), plain)
    const refusal = readingOf(encoded, witness, change, reader)
    if (refusal === undefined) continue
    const bytes = Buffer.from(encoded).toString('hex')
    return { ...facts, confirmed: true, witness, bytes, refusal }
  }
  return { ...facts, confirmed: false }
}

const plain: protobuf.IConversionOptions = { longs: String, enums: Number, bytes: String, defaults: false, json: true }

/** What went wrong in reading; undefined when the reader understood the same. */
function readingOf(
  encoded: Uint8Array,
  witness: object,
  { field, rule }: Change,
  reader: protobuf.Type,
): string | undefined {
  let read: Record<string, unknown>
  try {
    const decoded = reader.decode(encoded)
    const fault = reader.verify(decoded)
    if (fault !== null) return fault
    read = reader.toObject(decoded, plain)
  } catch (error) {
    return (error as Error).message
  }
  const wanted = (witness as Record<string, unknown>)[field.name]
  const place = rule === 'number' ? field.name : reader.fieldsById[field.id]?.name
  const found = place === undefined ? undefined : read[place]
  if (JSON.stringify(wanted) === JSON.stringify(found)) return undefined
  return `'${field.name}' was ${JSON.stringify(wanted)} and is read as ${JSON.stringify(found) ?? 'nothing'}`
}

/**
 * Numbers and names that an earlier version has reserved, or that it used and that now mean something else, come back. Not a
 * matter of one document but of all that were ever written; the registry asks it apart.
 */
export function reusedNumbers(earlier: SchemaSource, later: SchemaSource): readonly FormatDifference[] {
  const [before, after] = [toRoot(earlier), toRoot(later)]
  return messagesOf(before).flatMap((type) => {
    const next = find(after, type.fullName)
    if (next === undefined) return []
    return next.fieldsArray
      .filter((field) => type.isReservedId(field.id) || type.isReservedName(field.name))
      .map((field) => ({
        path: pathOf(next, field.name),
        rule: 'reserved',
        writer: 'reserved',
        reader: `${field.name} = ${field.id}`,
        confirmed: false,
      }))
  })
}
