/** `banyan.json` as text → settings, with everything that is wrong with it in one message. */
import type { Split } from 'banyan/control'
import { CommandError } from '../failure.ts'

/** A program that the system needs beside its hosts. */
export interface ExtraProcess {
  readonly name: string
  /** Program and arguments, run in the project's folder; `node` is the one that runs Banyan. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The port it listens on; it is told by this variable, and ready once the port answers. */
  readonly port?: { readonly env: string; readonly default: number }
}

/** What the file may say. */
export interface ProjectFile {
  readonly system?: string
  readonly split?: Split
  readonly gateway?: { readonly port?: number }
  readonly control?: { readonly port?: number }
  /** False: no schema registry. */
  readonly schemas?: false | { readonly port?: number }
  readonly processes: readonly ExtraProcess[]
}

type Bag = Readonly<Record<string, unknown>>
const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)
const isPort = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535

/** Names of programs are names of folders in the data directory too. */
const processName = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const taken: ReadonlySet<string> = new Set(['postgres', 'passwords', 'compile-cache', 'parent'])
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Reads the file; `path` is for messages. Throws with all faults. */
export function readProjectFile(text: string, path: string): ProjectFile {
  const faults: string[] = []
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new CommandError(`${path} is not JSON: ${(error as Error).message}`, 'Correct it, or remove it.')
  }
  const file = check(document, faults)
  if (faults.length > 0)
    throw new CommandError(`${path}: ${faults.join('; ')}`, 'See docs/guide/running.md for what it may hold.')
  return file
}

function check(document: unknown, faults: string[]): ProjectFile {
  if (!isBag(document)) {
    faults.push('must be an object')
    return { processes: [] }
  }
  noOthers(document, ['$schema', 'system', 'split', 'gateway', 'control', 'schemas', 'processes'], '', faults)
  const { system, split, gateway, control, schemas, processes = [] } = document
  if (system !== undefined && !isText(system)) faults.push("'system' must be the path of a module")
  if (split !== undefined && split !== 'all' && !isTexts(split))
    faults.push('\'split\' must be "all" or a list of services')
  if (!Array.isArray(processes)) faults.push("'processes' must be a list")
  const checked = (Array.isArray(processes) ? processes : []).flatMap((one, index) =>
    checkProcess(one, `processes[${index}]`, faults),
  )
  const twice = checked.find(({ name }, index) => checked.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) faults.push(`two processes are called '${twice.name}'`)
  return {
    ...(isText(system) ? { system } : {}),
    ...(split === 'all' || isTexts(split) ? { split } : {}),
    ...checkPortOwner(gateway, 'gateway', faults),
    ...checkPortOwner(control, 'control', faults),
    ...(schemas === false ? { schemas } : checkPortOwner(schemas, 'schemas', faults)),
    processes: checked,
  }
}

function checkPortOwner(value: unknown, name: 'gateway' | 'control' | 'schemas', faults: string[]): object {
  if (value === undefined) return {}
  if (!isBag(value)) {
    faults.push(`'${name}' must be an object like { "port": 8080 }`)
    return {}
  }
  noOthers(value, ['port'], `${name}.`, faults)
  if (value['port'] === undefined) return {}
  if (!isPort(value['port'])) faults.push(`'${name}.port' must be a port from 0 to 65535`)
  return { [name]: { port: value['port'] } }
}

function checkProcess(value: unknown, at: string, faults: string[]): ExtraProcess[] {
  if (!isBag(value)) {
    faults.push(`'${at}' must be an object`)
    return []
  }
  noOthers(value, ['name', 'command', 'env', 'port'], `${at}.`, faults)
  const { name, command, env = {}, port } = value
  const before = faults.length
  if (!isText(name) || !processName.test(name) || taken.has(name))
    faults.push(`'${at}.name' must be lower-case words with '-' between them, and none of ${[...taken].join(', ')}`)
  if (!isTexts(command) || command.length === 0) faults.push(`'${at}.command' must be a list: program and arguments`)
  if (!isBag(env) || !Object.entries(env).every(([key, text]) => variable.test(key) && typeof text === 'string'))
    faults.push(`'${at}.env' must be an object of texts`)
  if (port !== undefined) checkPort(port, `${at}.port`, faults)
  return faults.length > before ? [] : [value as unknown as ExtraProcess].map((one) => ({ ...one, env: one.env ?? {} }))
}

function checkPort(port: unknown, at: string, faults: string[]): void {
  if (!isBag(port)) {
    faults.push(`'${at}' must be an object like { "env": "MY_PORT", "default": 8070 }`)
    return
  }
  noOthers(port, ['env', 'default'], `${at}.`, faults)
  if (!isText(port['env']) || !variable.test(port['env'])) faults.push(`'${at}.env' must be the name of a variable`)
  if (!isPort(port['default'])) faults.push(`'${at}.default' must be a port from 0 to 65535`)
}

function noOthers(bag: Bag, known: readonly string[], prefix: string, faults: string[]): void {
  for (const key of Object.keys(bag))
    if (!known.includes(key)) faults.push(`'${prefix}${key}' is no setting; there are: ${known.join(', ')}`)
}
