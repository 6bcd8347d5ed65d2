/** Messages with one field set to values that tell types apart. */
import protobuf from 'protobufjs'

const integers = [1, 300, -2]

const byType: Readonly<Record<string, readonly unknown[]>> = {
  string: ['text', '1'],
  bytes: [Buffer.from('text').toString('base64')],
  bool: [true],
  float: [1.5],
  double: [1.5],
}

/** Required fields beside the one that is looked at are filled in so deep. */
const maxDepth = 8

/** Messages as plain objects; without the field first where that is what matters. */
export function* sampleMessage(type: protobuf.Type, field: protobuf.Field): Generator<Record<string, unknown>> {
  const around = required(type, 0)
  const own = type.fieldsById[field.id]
  if (own === undefined || !own.required) {
    const { [field.name]: _, ...without } = around
    yield without
  }
  if (own === undefined) return
  for (const value of valuesOf(own, 0)) {
    yield { ...around, [own.name]: value }
    const others = type.fieldsArray.filter(({ id, partOf }) => id !== own.id && partOf == null)
    yield { ...around, ...Object.fromEntries(others.map((one) => [one.name, valuesOf(one, 1)[0]])), [own.name]: value }
  }
}

function required(type: protobuf.Type, depth: number): Record<string, unknown> {
  const fields = type.fieldsArray.filter((field) => field.required)
  return Object.fromEntries(fields.map((field) => [field.name, valuesOf(field, depth)[0]]))
}

function valuesOf(field: protobuf.Field, depth: number): readonly unknown[] {
  const single = singleValues(field, depth)
  if (field instanceof protobuf.MapField)
    return single.map((value) => ({ [field.keyType === 'string' ? 'key' : '1']: value }))
  return field.repeated ? [...single.map((value) => [value]), single, [...single, ...single]] : single
}

function singleValues(field: protobuf.Field, depth: number): readonly unknown[] {
  const { resolvedType } = field
  if (resolvedType instanceof protobuf.Enum) {
    const numbers = Object.values(resolvedType.values)
    return [...numbers.filter((one) => one !== 0), ...numbers]
  }
  if (resolvedType instanceof protobuf.Type) return depth > maxDepth ? [{}] : [filled(resolvedType, depth + 1), {}]
  return byType[field.type] ?? integers
}

function filled(type: protobuf.Type, depth: number): Record<string, unknown> {
  const scalars = type.fieldsArray.filter((field) => field.required || !(field.resolvedType instanceof protobuf.Type))
  return Object.fromEntries(
    scalars.filter(({ partOf }) => partOf == null).map((field) => [field.name, valuesOf(field, depth)[0]]),
  )
}
