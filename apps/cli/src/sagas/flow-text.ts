/** A choreographed flow as text for a terminal: what has happened as a tree of what caused what, and what is missing. */
import type { FlowEventView, FlowView } from 'banyan/saga'

/** Levels that are indented; what lies deeper stands below them. */
const maxIndented = 20

/** See the top of the file. */
export function formatFlow({ events, missing, late }: FlowView): readonly string[] {
  const rows = toTree(events)
  const width = Math.max(0, ...rows.map(({ label }) => label.length))
  return [
    ...rows.map(({ label, event }) => `  ${label.padEnd(width)}  ${event.at}  from ${event.source}`),
    ...missing.map((sentence, index) => `  ${index < late ? '!' : '-'} ${sentence}`),
  ]
}

interface Row {
  readonly label: string
  readonly event: FlowEventView
}

/** Causes before what they caused, each level in the order in which its events were heard of. */
function toTree(events: readonly FlowEventView[]): readonly Row[] {
  const caused = Map.groupBy(events, ({ causedBy }) => causedBy?.id)
  const rows: Row[] = []
  const left = new Set(events)
  const open = (caused.get(undefined) ?? []).map((event) => ({ event, depth: 0 })).reverse()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { event, depth } = next
    if (!left.delete(event)) continue
    rows.push({ label: `${'  '.repeat(Math.min(depth, maxIndented))}${event.type}`, event })
    for (const effect of (caused.get(event.id) ?? []).toReversed()) open.push({ event: effect, depth: depth + 1 })
  }
  // Ids are given by publishers: what they have tied into a circle is shown all the same.
  return [...rows, ...[...left].map((event) => ({ label: event.type, event }))]
}
