/**
 * A schema as one text that is equal for schemas that mean the same: keys sorted, lists that are sets sorted, annotations left
 * out. Fingerprints of schemas are hashes of it, so that a corrected description is not a new version in the log.
 */
import type { JsonSchema } from '../../schema/json-schema.ts'

const sets: ReadonlySet<string> = new Set(['required', 'enum', 'type'])

const annotations: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  'title',
  'description',
  'examples',
  'example',
  'deprecated',
  'readOnly',
  'writeOnly',
  'x-secret',
  'externalDocs',
])

/** Keywords below which keys are names that people chose, not keywords. */
const named: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions'])
/** Keywords whose values are data. */
const data: ReadonlySet<string> = new Set(['default', 'const', 'enum'])

/**
 * The text. Two schemas with the same text accept the same documents and fill in the same defaults; the reverse is not promised.
 *
 * @example
 * toSchemaText({ type: 'string', description: 'who' }) // '{"type":"string"}'
 */
export function toSchemaText(schema: JsonSchema): string {
  return write(schema, 'schema')
}

type Kind = 'schema' | 'names' | 'data'

function write(value: unknown, kind: Kind): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((member) => write(member, kind)).join(',')}]`
  const members = Object.entries(value)
    .filter(([key, member]) => member !== undefined && (kind !== 'schema' || !isAnnotation(key)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${writeMember(key, member, kind)}`).join(',')}}`
}

function writeMember(key: string, member: unknown, kind: Kind): string {
  if (kind === 'schema' && sets.has(key) && Array.isArray(member))
    return `[${member
      .map((one) => write(one, 'data'))
      .sort()
      .join(',')}]`
  if (kind === 'data' || (kind === 'schema' && data.has(key))) return write(member, 'data')
  return write(member, kind === 'schema' && named.has(key) ? 'names' : 'schema')
}

function isAnnotation(key: string): boolean {
  return annotations.has(key) || key.startsWith('x-') || key.startsWith('~')
}
