/** The schema registry of a system that runs, found by what its parent has noted in the data directory. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from './identity.ts'
import { readRunRecord } from './run-record.ts'

/** Where it is, and its token; undefined when nothing runs there, or without a registry. */
export function findRunningRegistry(dataDir: string): { readonly origin: string; readonly token: string } | undefined {
  const running = readRunRecord(dataDir)
  if (running?.schemas === undefined || !isRunning(running.parent)) return undefined
  return { origin: running.schemas, token: readFileSync(join(dataDir, 'token'), 'utf8').trim() }
}
