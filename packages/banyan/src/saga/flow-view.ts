/** A choreographed flow as people see it: what has happened, what caused what, and what is missing, as of now. */
import type { SagaEntry, SagaRecord } from '../store/sagas.ts'
import { type Expectation, FlowGraph, toSentence } from './flow-graph.ts'
import { bodyOf, type EventBody } from './journal.ts'

/** An event of an instance. */
export interface FlowEventView {
  readonly id: string
  readonly type: string
  readonly source: string
  /** ISO 8601. */
  readonly at: string
  /** The event that its publisher was handling, when that is of the flow too: its id and type. */
  readonly causedBy?: { readonly id: string; readonly type: string }
}

/** See the top of the file. */
export interface FlowView {
  /** In the order in which they were heard of. */
  readonly events: readonly FlowEventView[]
  /** `waiting for payments.authorized, expected within 30 s, 4 min late`; what is due first comes first. */
  readonly missing: readonly string[]
  /** Of those, how many are late. */
  readonly late: number
}

/** What a flow says of itself. */
export interface FlowShape {
  readonly starts: string
  readonly expects: readonly Expectation[]
}

/** The instance as its journal has it, at a time of the database's clock. */
export function viewFlow(flow: FlowShape, record: SagaRecord, entries: readonly SagaEntry[], nowMs: number): FlowView {
  const graph = new FlowGraph(flow.expects)
  const id = record.startedBy.replace(/^event /, '')
  graph.add({ id, type: flow.starts, source: flow.starts.split('.', 1)[0] as string, timeMs: record.startedMs })
  for (const entry of entries) {
    if (entry.kind !== 'wait') continue
    const { ok } = bodyOf<{ readonly ok?: EventBody & { readonly id: string; readonly type: string } }>(entry)
    if (ok !== undefined) graph.add(ok)
  }
  const missing = record.endedMs === undefined ? graph.missing : []
  return {
    events: graph.nodes.map(({ id: of, type, source, timeMs, causedBy }) => ({
      ...{ id: of, type, source, at: new Date(timeMs).toISOString() },
      ...(causedBy !== undefined && { causedBy: { id: causedBy.id, type: causedBy.type } }),
    })),
    missing: missing.map((one) => toSentence(one, nowMs)),
    late: missing.filter(({ dueMs }) => dueMs < nowMs).length,
  }
}
