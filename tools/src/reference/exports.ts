// Which names a module exports and where each is declared, found by following imports and exports through the files, as
// the compiler would. TypeScript 7 cannot be asked, so syntax has to do; what it cannot follow it refuses aloud.
import { posix } from 'node:path'
import { type Node, parseSource, type SourceFile } from '../source/parse.ts'

/** A name where it is declared. */
export interface Declared {
  readonly file: SourceFile
  readonly name: string
  /** The top-level statements that declare it: overloads, or a type and a value of one name. */
  readonly statements: readonly Node[]
}

/** Reads files once, and answers what they export. */
export interface ModuleGraph {
  file(path: string): SourceFile
  exportsOf(path: string): ReadonlyMap<string, Declared>
}

/** A graph over the files that `read` knows, by their paths relative to one root. */
export function createModuleGraph(read: (path: string) => string): ModuleGraph {
  const files = new Map<string, SourceFile>()
  const found = new Map<string, ReadonlyMap<string, Declared>>()

  function file(path: string): SourceFile {
    const known = files.get(path) ?? parseSource(path, read(path))
    files.set(path, known)
    return known
  }

  function exportsOf(path: string): ReadonlyMap<string, Declared> {
    const known = found.get(path)
    if (known !== undefined) return known
    const names = new Map<string, Declared>()
    found.set(path, names)
    const source = file(path)
    const statements = source.program.body as readonly Node[]
    // What is named wins over what comes in by a star.
    for (const statement of statements)
      if (statement.type === 'ExportAllDeclaration') addAll(names, source, statement, exportsOf)
    for (const statement of statements)
      if (statement.type === 'ExportNamedDeclaration') addNamed(names, source, statement, exportsOf)
    return names
  }
  return { file, exportsOf }
}

type ExportsOf = (path: string) => ReadonlyMap<string, Declared>
type Of<Type extends Node['type']> = Extract<Node, { type: Type }>

function addAll(
  names: Map<string, Declared>,
  source: SourceFile,
  statement: Of<'ExportAllDeclaration'>,
  exportsOf: ExportsOf,
): void {
  if (statement.exported !== null) throw new Error(`${source.path}: the reference cannot show 'export * as'`)
  for (const [name, declared] of exportsOf(resolve(source, statement.source.value))) names.set(name, declared)
}

function addNamed(
  names: Map<string, Declared>,
  source: SourceFile,
  statement: Of<'ExportNamedDeclaration'>,
  exportsOf: ExportsOf,
): void {
  if (statement.declaration !== null)
    for (const name of declaredNames(statement.declaration)) names.set(name, declaredIn(source, name))
  for (const specifier of statement.specifiers) {
    const local = nameOf(specifier.local)
    const from = statement.source === null ? importOf(source, local) : { path: statement.source.value, name: local }
    const declared =
      from === undefined ? declaredIn(source, local) : exportsOf(resolve(source, from.path)).get(from.name)
    if (declared === undefined) throw new Error(`${source.path}: '${local}' is exported and declared nowhere`)
    names.set(nameOf(specifier.exported), declared)
  }
}

function resolve(source: SourceFile, specifier: string): string {
  if (!specifier.startsWith('.')) throw new Error(`${source.path}: re-exports '${specifier}', another package`)
  return posix.join(posix.dirname(source.path), specifier)
}

function importOf(source: SourceFile, local: string): { readonly path: string; readonly name: string } | undefined {
  for (const statement of source.program.body) {
    if (statement.type !== 'ImportDeclaration') continue
    for (const specifier of statement.specifiers) {
      if (specifier.type === 'ImportSpecifier' && specifier.local.name === local)
        return { path: statement.source.value, name: nameOf(specifier.imported) }
    }
  }
  return undefined
}

function declaredIn(file: SourceFile, name: string): Declared {
  const statements = (file.program.body as readonly Node[]).filter((statement) => {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    return declaration !== null && declaredNames(declaration).includes(name)
  })
  if (statements.length === 0) throw new Error(`${file.path}: '${name}' is exported and declared nowhere`)
  return { file, name, statements }
}

function declaredNames(node: Node): string[] {
  if (node.type === 'VariableDeclaration')
    return node.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  return 'id' in node && node.id?.type === 'Identifier' ? [node.id.name] : []
}

function nameOf(node: Node): string {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'Literal') return String(node.value)
  throw new Error(`a name was expected, found ${node.type}`)
}
