// What a service's interface of tables says: every column with its type and whether it may be null. Parsed, not run and not
// type-checked: types are erased, so nothing else would notice that the interface and the migrations tell different stories.
import type { Node } from '../source/parse.ts'
import { parseSource, walk } from '../source/parse.ts'

/** Rough types, as far as the wire between a driver and a database keeps them apart. */
export type RoughType = 'text' | 'number' | 'boolean' | 'time' | 'json' | 'bytes' | 'other'

export interface Column {
  readonly type: RoughType
  readonly nullable: boolean
}

/** Table → column → what it is. */
export type Tables = ReadonlyMap<string, ReadonlyMap<string, Column>>

/**
 * Reads the interface named `name`. Types declared in the same file are followed; one that comes from elsewhere counts as
 * text, since that is what a union of names is (states, reasons): anything else is written out in the interface.
 */
export function readDeclaredTables(path: string, text: string, name: string): Tables {
  const { program } = parseSource(path, text)
  const declared = new Map<string, Node>()
  walk(program as Node, (node) => {
    if (node.type === 'TSInterfaceDeclaration') declared.set(node.id.name, node.body)
    if (node.type === 'TSTypeAliasDeclaration') declared.set(node.id.name, node.typeAnnotation)
    return true
  })
  const body = declared.get(name)
  if (body === undefined) throw new Error(`${path} declares no interface '${name}'`)
  return new Map(
    members(body).map(([table, node]) => [
      table,
      new Map(members(resolve(node, declared)).map(([column, type]) => [column, toColumn(type, declared)])),
    ]),
  )
}

type Declared = ReadonlyMap<string, Node>

function members(node: Node): [name: string, type: Node][] {
  const body = node.type === 'TSInterfaceBody' ? node.body : node.type === 'TSTypeLiteral' ? node.members : undefined
  if (body === undefined) throw new Error(`expected members, found ${node.type}`)
  return body.map((member) => {
    if (member.type !== 'TSPropertySignature' || member.typeAnnotation === null || member.typeAnnotation === undefined)
      throw new Error(`expected properties with types, found ${member.type}`)
    const { key } = member
    const name = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : undefined
    if (name === undefined) throw new Error(`expected a plain property name, found ${key.type}`)
    return [name, member.typeAnnotation.typeAnnotation]
  })
}

/** Follows names to what they stand for, as far as this file says. */
function resolve(node: Node, declared: Declared): Node {
  const name = nameOf(node)
  const found = name === undefined ? undefined : declared.get(name)
  return found === undefined ? node : resolve(found, declared)
}

function nameOf(node: Node): string | undefined {
  return node.type === 'TSTypeReference' && node.typeName.type === 'Identifier' ? node.typeName.name : undefined
}

/** Kysely's wrappers say what is selected first; that is what the column is. */
const wrappers = new Set(['ColumnType', 'Generated', 'GeneratedAlways'])
const named: Readonly<Record<string, RoughType>> = { JSONColumnType: 'json', Date: 'time', Buffer: 'bytes' }

function toColumn(node: Node, declared: Declared): Column {
  const name = nameOf(node)
  const inner = node.type === 'TSTypeReference' ? node.typeArguments?.params[0] : undefined
  if (name !== undefined && wrappers.has(name) && inner !== undefined) return toColumn(inner, declared)
  const resolved = resolve(node, declared)
  if (resolved.type !== 'TSUnionType') return { type: toType(resolved), nullable: resolved.type === 'TSNullKeyword' }
  const parts = resolved.types.map((part) => toColumn(part, declared))
  const types = new Set(
    parts.filter((_, index) => resolved.types[index]?.type !== 'TSNullKeyword').map((part) => part.type),
  )
  const [type = 'other'] = types
  return { type: types.size === 1 ? type : 'other', nullable: parts.some((part) => part.nullable) }
}

function toType(node: Node): RoughType {
  switch (node.type) {
    case 'TSStringKeyword':
    case 'TSTemplateLiteralType':
    case 'TSIndexedAccessType':
      return 'text'
    case 'TSNumberKeyword':
      return 'number'
    case 'TSBooleanKeyword':
      return 'boolean'
    case 'TSLiteralType':
      return toLiteralType(node)
    case 'TSTypeReference':
      return named[nameOf(node) ?? ''] ?? 'text'
    default:
      return 'other'
  }
}

function toLiteralType(node: Node & { readonly type: 'TSLiteralType' }): RoughType {
  if (node.literal.type !== 'Literal') return 'other'
  const kind = typeof node.literal.value
  return kind === 'string' ? 'text' : kind === 'number' || kind === 'boolean' ? kind : 'other'
}
