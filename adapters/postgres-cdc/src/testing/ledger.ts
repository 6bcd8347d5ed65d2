/**
 * Judges what came out: every row of the test table carries a counter that each update raises by one, so that a change that is
 * missing, doubled or out of order shows.
 */
import { ask } from './engines.ts'
import type { Published } from './mirror.ts'

/** A row as the table has it. */
interface Counted {
  readonly id: string
  readonly n: number
}

/** Faults of a history, as texts; none when it is right. */
export async function findFaults(url: string, published: readonly Published[]): Promise<readonly string[]> {
  const faults: string[] = []
  const now = new Map<string, number>()
  const ids = new Set<string>()
  for (const { id, change } of published) {
    if (ids.has(id)) faults.push(`event ${id} is there twice`)
    ids.add(id)
    judge(change, now, faults)
  }
  const rows = (await ask(url, 'SELECT id::text, n FROM customer')) as unknown as Counted[]
  for (const { id, n } of rows) if (now.get(id) !== n) faults.push(`row ${id} is at ${n}, events say ${now.get(id)}`)
  if (rows.length !== now.size) faults.push(`${rows.length} rows, events say ${now.size}`)
  return faults
}

function judge(change: Published['change'], now: Map<string, number>, faults: string[]): void {
  const key = change.key.id as string
  const before = now.get(key)
  if (change.op === 'delete') {
    // Of a snapshot that was begun anew: what was published at an attempt before. Of the stream: what is there.
    if (before === undefined) faults.push(`delete of ${key}, which is not there`)
    now.delete(key)
    return
  }
  const n = change.new.n as number
  if (change.op === 'insert' && before !== undefined) faults.push(`insert of ${key}, which is there`)
  if (change.op === 'update' && before !== n - 1) faults.push(`${key} goes from ${before} to ${n}`)
  if (change.op === 'read' && before !== undefined && n < before)
    faults.push(`${key} is read back from ${before} to ${n}`)
  now.set(key, n)
}
