/** What a system looks like in its source: services, where they lie, their contracts, what they declare to call. */
import { posix } from 'node:path'
import type { Files } from './files.ts'
import { type ContractRef, createNames, type Modules, type Names, type OperationRef, unwrapped } from './names.ts'
import { type Node, parseSourceFile, type Source, walk } from './source.ts'

/** A piece of a file. */
export interface Span {
  readonly start: number
  readonly end: number
}

export const isWithin = (offset: number, span: Span | undefined): boolean =>
  span !== undefined && offset >= span.start && offset < span.end

/** One service, found by its `defineService`. */
export interface ServiceModel {
  /** The contract's name when its file is there, else the name of the variable. */
  readonly name: string
  readonly contract: ContractRef
  readonly file: string
  readonly calls: readonly OperationRef[]
  /** Where its `defineService` stands, and its list of `calls`. */
  readonly span: Span
  readonly callsSpan: Span | undefined
  /** Where something in `calls` is that cannot be read without running it. */
  readonly unreadable: number | undefined
}

/** See the top of the file. */
export interface SystemModel extends Modules {
  readonly services: readonly ServiceModel[]
}

/** Reads the model of all files. */
export function readModel(files: Files): SystemModel {
  const sources = new Map([...files].map(([path, text]) => [path, parseSourceFile(path, text)]))
  const contracts = new Map<string, ReadonlyMap<string, string>>()
  for (const [path, source] of sources) {
    const defined = contractsIn(source)
    if (defined.size > 0) contracts.set(path, defined)
  }
  const model = { files, sources, contracts, services: [] as ServiceModel[] }
  for (const source of sources.values()) model.services.push(...servicesIn(source, model))
  return model
}

/** `const Orders = defineContract('orders', …)` → Orders: orders. */
function contractsIn({ program }: Source): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  walk(program, (node) => {
    if (node.type !== 'VariableDeclarator' || node.id.type !== 'Identifier') return
    const call = calledAs(node.init, 'defineContract')
    const name = call?.arguments[0]
    if (name?.type === 'Literal' && typeof name.value === 'string') found.set(node.id.name, name.value)
  })
  return found
}

function servicesIn(source: Source, model: SystemModel): readonly ServiceModel[] {
  const found: ServiceModel[] = []
  const names = createNames(source, model)
  walk(source.program, (node) => {
    const call = calledAs(node, 'defineService')
    const [first, spec] = call?.arguments ?? []
    const contract = first === undefined ? undefined : names.refOf(first as Node)?.contract
    if (call === undefined || contract === undefined) return
    const list = propertyOf(spec as Node | undefined, 'calls')
    found.push({
      name: nameOf(contract, model),
      contract,
      file: source.path,
      span: call,
      ...(list === undefined ? noCalls : readCalls(list, names)),
    })
  })
  return found
}

type DeclaredCalls = Pick<ServiceModel, 'calls' | 'callsSpan' | 'unreadable'>

const noCalls: DeclaredCalls = { calls: [], callsSpan: undefined, unreadable: undefined }

function readCalls(list: Node, names: Names): DeclaredCalls {
  const array = names.followed(list)
  if (array?.type !== 'ArrayExpression') return { ...noCalls, unreadable: list.start }
  const refs = array.elements.map((element) => (element === null ? undefined : names.refOf(element as Node)))
  const strange = array.elements[refs.indexOf(undefined)]
  return {
    calls: refs.filter((ref) => ref !== undefined),
    callsSpan: array,
    unreadable: refs.includes(undefined) ? (strange?.start ?? list.start) : undefined,
  }
}

/** The contract's own name, as its file has it; without its file, how it is exported. */
export function nameOf({ module, exported }: ContractRef, { contracts }: Pick<SystemModel, 'contracts'>): string {
  return contracts.get(module)?.get(exported) ?? exported
}

export const sameContract = (one: ContractRef, other: ContractRef): boolean =>
  one.module === other.module && one.exported === other.exported

function calledAs(node: Node | null | undefined, name: string): Extract<Node, { type: 'CallExpression' }> | undefined {
  const plain = node ? unwrapped(node) : undefined
  return plain?.type === 'CallExpression' && plain.callee.type === 'Identifier' && plain.callee.name === name
    ? plain
    : undefined
}

function propertyOf(node: Node | undefined, name: string): Node | undefined {
  if (node?.type !== 'ObjectExpression') return undefined
  for (const property of node.properties)
    if (property.type === 'Property' && property.key.type === 'Identifier' && property.key.name === name)
      return property.value as Node
  return undefined
}

/** Folder of a file; '' for the project's own. */
export const folderOf = (path: string): string => {
  const folder = posix.dirname(path)
  return folder === '.' ? '' : folder
}
