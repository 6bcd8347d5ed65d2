/**
 * How many ids one page of a backlog looks at. The index on ids knows ranges of pages, so a look has to end somewhere; ids
 * are dense but for what was rolled back or trimmed, so it begins with twice what the page takes and doubles over a gap.
 */
import type { RunAlone } from './alone.ts'

/** See the top of the file. */
export interface Window {
  /** The last id that the page after this one looks at. */
  next(lastId: string, limit: number): Promise<string>
  /** What it has found there. */
  found(rows: number, limit: number): void
}

const perRow = 2
/** Over any gap that a sequence can have in 40 doublings. */
const maxSpan = 2 ** 40
/** New pages of the table come into the index when a backlog is begun, and after so many pages of reading it. */
const summarizeEvery = 64

export function createWindow(run: RunAlone): Window {
  let span = 0
  let reads = 0
  return {
    async next(lastId, limit) {
      if (lastId === '0') reads = 0
      // Only a help: without it the table is read instead of the index.
      if (reads % summarizeEvery === 0) await run('SELECT banyan.summarize_outbox()').catch(() => undefined)
      reads += 1
      span = Math.max(span, perRow * limit)
      return (BigInt(lastId) + BigInt(span)).toString()
    },
    found(rows, limit) {
      span = rows * perRow < limit ? Math.min(maxSpan, span * 2) : perRow * limit
    },
  }
}
