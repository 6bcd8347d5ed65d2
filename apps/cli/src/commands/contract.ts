/** `banyan contract`: the contracts of a system as documents that other tools understand. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type AnyContract, toAsyncApi, toCanonicalText, toContractDocument, toOpenApi } from 'banyan/contract'
import { CommandError, exitCodes, UsageError } from '../failure.ts'
import { loadProject } from '../settings/project.ts'
import { loadSystem } from '../settings/system-module.ts'

/** Flags as typed. */
export interface ContractFlags {
  readonly project: string
  readonly service?: readonly string[]
  readonly out?: string
}

export const contractFormats = ['openapi', 'asyncapi', 'json'] as const
type Format = (typeof contractFormats)[number]

const isFormat = (text: string): text is Format => (contractFormats as readonly string[]).includes(text)

/** Writes the document to a file, or prints it. */
export async function contract(format: string, flags: ContractFlags): Promise<number> {
  if (!isFormat(format))
    throw new UsageError(`there is no format '${format}'`, `There are: ${contractFormats.join(', ')}.`)
  const system = await loadSystem((await loadProject(flags.project)).systemPath)
  const contracts = system.services.map((entry) => entry.contract)
  const text = toText(format, system.name, chosen(contracts, flags.service))
  if (flags.out === undefined) process.stdout.write(text)
  else await writeOut(resolve(flags.out), text)
  return exitCodes.ok
}

function chosen(contracts: readonly AnyContract[], names: readonly string[] | undefined): readonly AnyContract[] {
  const known = contracts.map(({ name }) => name)
  const unknown = (names ?? []).filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new UsageError(`the system has no service ${unknown.join(', ')}`, `It has: ${known.join(', ')}.`)
  return names === undefined ? contracts : contracts.filter(({ name }) => names.includes(name))
}

function toText(format: Format, title: string, contracts: readonly AnyContract[]): string {
  if (format === 'openapi') return indented(toOpenApi(contracts, { title }))
  if (format === 'asyncapi') return indented(toAsyncApi(contracts, { title }))
  // Canonical text is made to be compared and hashed, so a single contract is written exactly so.
  const [only] = contracts
  if (contracts.length === 1 && only !== undefined) return `${toCanonicalText(toContractDocument(only))}\n`
  return indented(contracts.map(toContractDocument))
}

const indented = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`

async function writeOut(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((error: Error) => {
    throw new CommandError(`${path} cannot be written: ${error.message}`, 'Choose another with --out.')
  })
}
