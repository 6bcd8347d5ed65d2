/** `run.json` of the data directory: which processes run on it, so that a second start can say so and a next start can clean up. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isSurelyRunning, type ProcessIdentity } from './identity.ts'

/** A process that the parent started. */
export interface RecordedChild extends ProcessIdentity {
  readonly name: string
  readonly kind: 'host' | 'process'
}

/** What the file holds. */
export interface RunRecord {
  readonly parent: ProcessIdentity
  readonly gateway: string
  readonly control: string
  /** An administrator's, of the embedded server; like the password files beside it for this user's eyes only. */
  readonly databaseUrl?: string | undefined
  /** Where the schema registry is, when there is one. */
  readonly schemas?: string | undefined
  readonly children: readonly RecordedChild[]
}

const nameOf = (dataDir: string): string => join(dataDir, 'run.json')

/** Undefined when there is none, or none that can be read. */
export function readRunRecord(dataDir: string): RunRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(nameOf(dataDir), 'utf8')) as RunRecord
    return Array.isArray(record.children) && typeof record.parent?.pid === 'number' ? record : undefined
  } catch {
    return undefined
  }
}

/** Replaces the file as a whole. */
export function writeRunRecord(dataDir: string, record: RunRecord): void {
  const draft = `${nameOf(dataDir)}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, nameOf(dataDir))
}

export function removeRunRecord(dataDir: string): void {
  rmSync(nameOf(dataDir), { force: true })
}

/** Orphans have this long to end by themselves: their parent's pipe is closed, so they are at it already. */
const politeMs = 4_000
const lookEveryMs = 25

/** Ends what an earlier parent left behind; who they were. A recycled pid is recognised and left alone. */
export async function endOrphans(children: readonly RecordedChild[]): Promise<readonly RecordedChild[]> {
  const orphans = children.filter(isSurelyRunning)
  for (const orphan of orphans) signal(orphan, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < politeMs && orphans.some(isSurelyRunning); waitedMs += lookEveryMs)
    await pause(lookEveryMs)
  for (const orphan of orphans.filter(isSurelyRunning)) signal(orphan, 'SIGKILL')
  while (orphans.some(isSurelyRunning)) await pause(lookEveryMs)
  return orphans
}

/** By force with everything it started: each of them leads a group of its own. */
function signal({ pid }: ProcessIdentity, name: NodeJS.Signals): void {
  const group = name === 'SIGKILL' && process.platform !== 'win32'
  try {
    process.kill(group ? -pid : pid, name)
  } catch {
    // It ended just now.
  }
}
