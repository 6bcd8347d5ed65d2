/**
 * `banyan schema compare`: two versions as files, without a registry. For a check of pull requests: write the contracts of both
 * revisions with `banyan contract json` and compare them.
 */
import { readFile } from 'node:fs/promises'
import type { ContractDocument, JsonSchema } from 'banyan/contract'
import {
  type CompatibilityMode,
  checkCompatibility,
  compareContracts,
  compatibilityModes,
  isCompatibilityMode,
} from 'banyan/contract/compatibility'
import { CommandError, exitCodes, UsageError } from '../failure.ts'

/** Flags as typed. */
export interface CompareFlags {
  /** Of plain schemas, and of the events of contracts. */
  readonly mode: string
  readonly json?: boolean
}

interface Difference {
  readonly confirmed: boolean
  readonly message: string
}

/** Prints what users of the first would notice of the second; 1 when there is something, or when it cannot be said. */
export async function schemaCompare(before: string, after: string, flags: CompareFlags): Promise<number> {
  const mode = toMode(flags.mode)
  const [old, now] = [await read(before), await read(after)]
  const differences =
    isContracts(old) && isContracts(now) ? betweenContracts(old, now, mode) : betweenSchemas(old, now, before, mode)
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ compatible: differences.length === 0, differences }, null, 2)}\n`)
  else {
    for (const { message } of differences) process.stdout.write(`${message}\n`)
    process.stdout.write(
      `${differences.length === 0 ? 'compatible' : `differences: ${differences.length}`} (${mode})\n`,
    )
  }
  return differences.length === 0 ? exitCodes.ok : exitCodes.failed
}

function toMode(text: string): CompatibilityMode {
  const mode = text.toUpperCase().replaceAll('-', '_')
  if (isCompatibilityMode(mode)) return mode
  throw new UsageError(`there is no mode '${text}'`, `There are: ${compatibilityModes.join(', ')}.`)
}

async function read(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${(error as Error).message}`, 'Give two JSON files.')
  }
}

type Contracts = ContractDocument | readonly ContractDocument[]

function isContracts(value: unknown): value is Contracts {
  const all = Array.isArray(value) ? value : [value]
  return all.length > 0 && all.every((one) => (one as { banyan?: unknown } | null)?.banyan === 1)
}

const listed = (contracts: Contracts): readonly ContractDocument[] =>
  Array.isArray(contracts) ? contracts : [contracts as ContractDocument]

function betweenContracts(old: Contracts, now: Contracts, events: CompatibilityMode): readonly Difference[] {
  const next = new Map(listed(now).map((contract) => [contract.name, contract]))
  return listed(old).flatMap((contract): readonly Difference[] => {
    const other = next.get(contract.name)
    if (other === undefined) return [{ confirmed: true, message: `the contract '${contract.name}' was removed` }]
    return compareContracts(contract, other, { events }).changes
  })
}

function betweenSchemas(old: unknown, now: unknown, label: string, mode: CompatibilityMode): readonly Difference[] {
  const versions = [{ label, schema: old as JsonSchema }]
  try {
    return checkCompatibility({ mode, versions, candidate: now as JsonSchema }).incompatibilities
  } catch (error) {
    throw new CommandError(
      `the schemas cannot be compared: ${(error as Error).message}`,
      'Give two JSON Schemas, or two files of `banyan contract json`.',
    )
  }
}
