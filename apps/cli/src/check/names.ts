/** What the names in a file stand for: contracts and operations, through imports, re-exports and constants. */
import { type Files, resolveImport } from './files.ts'
import { type Import, type Node, type Source, walk } from './source.ts'

/** A contract as other files know it: the module that exports it, and under which name. */
export interface ContractRef {
  /** File, or package. */
  readonly module: string
  readonly exported: string
}

/** A contract or one of its operations, as an expression names it. */
export interface OperationRef {
  readonly contract: ContractRef
  /** Undefined for the contract as a whole. */
  readonly operation: string | undefined
  readonly offset: number
}

/** What is known of all files before their names are looked up. */
export interface Modules {
  readonly files: Files
  readonly sources: ReadonlyMap<string, Source>
  /** Files that define contracts: exported name → the contract's name. */
  readonly contracts: ReadonlyMap<string, ReadonlyMap<string, string>>
}

/** What the identifiers of a file stand for. */
export interface Names {
  /** The contract or operation that an expression names. */
  refOf(node: Node): OperationRef | undefined
  /** An expression, or what the constant was set to that it names. */
  followed(node: Node): Node | undefined
}

/** Constants are followed through at most so many others. */
const maxSteps = 5

/** Looks the names of a file up: imports, contracts of its own, constants. Scopes are not told apart. */
export function createNames(source: Source, model: Modules): Names {
  const imported = new Map<string, ContractRef>()
  for (const item of source.imports) addImported(imported, item, source, model)
  for (const exported of model.contracts.get(source.path)?.keys() ?? [])
    imported.set(exported, { module: source.path, exported })
  const constants = constantsIn(source)

  function followed(node: Node, steps = maxSteps): Node | undefined {
    const plain = unwrapped(node)
    if (plain.type !== 'Identifier' || steps === 0) return plain
    const value = constants.get(plain.name)
    return value === undefined ? plain : followed(value, steps - 1)
  }

  function refOf(node: Node, steps = maxSteps): OperationRef | undefined {
    const plain = unwrapped(node)
    if (plain.type === 'Identifier') {
      const contract = imported.get(plain.name)
      if (contract !== undefined) return { contract, operation: undefined, offset: node.start }
      const value = constants.get(plain.name)
      if (value === undefined || steps === 0) return undefined
      const ref = refOf(value, steps - 1)
      return ref && { ...ref, offset: node.start }
    }
    const property = memberName(plain)
    if (plain.type !== 'MemberExpression' || property === undefined) return undefined
    const owner = refOf(plain.object as Node, steps)
    if (owner === undefined) return undefined
    // `Orders.operations.place` is `Orders.place`.
    if (property === 'operations' && owner.operation === undefined) return { ...owner, offset: node.start }
    return owner.operation === undefined ? { ...owner, operation: property, offset: node.start } : undefined
  }
  return { refOf: (node) => refOf(node), followed: (node) => followed(node) }
}

function addImported(
  imported: Map<string, ContractRef>,
  { specifier, names }: Import,
  source: Source,
  { files, contracts, sources }: Modules,
): void {
  const module = resolveImport(files, source.path, specifier)
  for (const [local, exported] of names) {
    if (exported === '*') continue
    if (module === undefined) imported.set(local, { module: specifier, exported })
    else {
      const origin = originOf(module, exported, { files, contracts, sources }, maxSteps)
      if (origin !== undefined) imported.set(local, origin)
    }
  }
}

/** Where a contract really is: through files that only hand it on. */
function originOf(module: string, exported: string, model: Modules, steps: number): ContractRef | undefined {
  if (model.contracts.get(module)?.has(exported)) return { module, exported }
  if (steps === 0) return undefined
  for (const node of model.sources.get(module)?.program.body ?? []) {
    if ((node.type !== 'ExportNamedDeclaration' && node.type !== 'ExportAllDeclaration') || node.source == null)
      continue
    const next = resolveImport(model.files, module, node.source.value)
    if (next === undefined) continue
    const found =
      node.type === 'ExportAllDeclaration'
        ? exported
        : node.specifiers.map(toNamePair).find(([, as]) => as === exported)?.[0]
    const origin = found === undefined ? undefined : originOf(next, found, model, steps - 1)
    if (origin !== undefined) return origin
  }
  return undefined
}

function toNamePair({ local, exported }: { local: Node; exported: Node }): readonly [string, string] {
  const text = (node: Node): string => ('name' in node ? String(node.name) : 'value' in node ? String(node.value) : '')
  return [text(local), text(exported)]
}

/** `const reserve = Inventory.reserve`, and `const { reserve } = Inventory`. */
function constantsIn({ program }: Source): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>()
  walk(program, (node) => {
    if (node.type !== 'VariableDeclarator' || node.init === null) return
    if (node.id.type === 'Identifier') found.set(node.id.name, node.init as Node)
    if (node.id.type !== 'ObjectPattern') return
    for (const property of node.id.properties) {
      if (property.type !== 'Property' || property.value.type !== 'Identifier') continue
      const member = {
        type: 'MemberExpression',
        computed: false,
        optional: false,
        object: node.init,
        property: property.key,
      }
      found.set(property.value.name, { ...member, start: property.start, end: property.end } as unknown as Node)
    }
  })
  return found
}

/** Without `as`, `satisfies`, `!` and parentheses. */
export function unwrapped(node: Node): Node {
  const wraps = ['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression', 'ParenthesizedExpression']
  return wraps.includes(node.type) ? unwrapped((node as unknown as { expression: Node }).expression) : node
}

/** The name of a member that can be read off: `a.b`, `a['b']`. */
export function memberName(node: Node): string | undefined {
  if (node.type !== 'MemberExpression') return undefined
  const { property } = node
  if (!node.computed && property.type === 'Identifier') return property.name
  return property.type === 'Literal' && typeof property.value === 'string' ? property.value : undefined
}
