/**
 * Two versions of one contract. Who reads what decides the direction: an operation's input is written by callers and read by
 * the service, so a new service must read what old callers send; its output and its errors are written by the service and
 * read by callers, so old callers must read what a new service answers. Events are kept, so they follow a mode of their own.
 */
import type { ContractDocument, SchemaDocument } from '../document.ts'
import { compareSchemas } from './compare-schemas.ts'
import { type Verdict, verdictOf } from './finding.ts'
import { type CompatibilityMode, type Incompatibility, rulesOf, toIncompatibility } from './modes.ts'

/** Part of a contract that has a schema. */
export type ContractPart = 'input' | 'output' | 'errors' | 'data'

/** Something that users of the old version would notice. */
export interface ContractChange {
  /** Name on the wire: `orders.v1/place`, `orders.placed.v1`. */
  readonly wire: string
  readonly part: ContractPart | 'removed' | 'key'
  /** The reason of the error, for `errors`. */
  readonly reason?: string
  readonly confirmed: boolean
  /** What the schemas say; undefined for what was removed. */
  readonly incompatibility?: Incompatibility
  readonly message: string
}

/** The answer about two versions of a contract. */
export interface ContractComparison {
  readonly verdict: Verdict
  readonly changes: readonly ContractChange[]
}

/** How events are judged, and how inputs are. */
export interface ContractCompareOptions {
  /** Default 'FULL': events lie in the log (old events, new readers) and services are updated one by one (new events, old readers). */
  readonly events?: CompatibilityMode
  /** The input arrives at the public edge, where unknown properties are refused. Default: when the operation has a route. */
  readonly edge?: boolean
}

interface OperationDocument {
  readonly wire: string
  readonly http?: string
  readonly input: SchemaDocument
  readonly output: SchemaDocument
  readonly errors: Readonly<Record<string, { readonly details?: never }>>
}

interface EventDocument {
  readonly wire: string
  readonly key: string
  readonly data: SchemaDocument
}

type Members = Readonly<Record<string, unknown>>

/**
 * Compares the documents (see toContractDocument) of two versions of a contract with the same major.
 *
 * @example
 * const refunded = event({ key: 'orderId', data: t.Object({ orderId: t.String() }) })
 * const before = defineContract('orders', { version: '1.0.0', owner: 'orders-team', operations: {}, events: { refunded } })
 * const { verdict, changes } = compareContracts(toContractDocument(before), toContractDocument(Orders))
 * verdict // 'incompatible'
 * for (const { message } of changes) console.log(message)
 */
export function compareContracts(
  before: ContractDocument,
  after: ContractDocument,
  options: ContractCompareOptions = {},
): ContractComparison {
  const operations = compareMembers(before.operations, after.operations, (old, now) =>
    compareOperation(old as OperationDocument, now as OperationDocument, before.version, options),
  )
  const events = compareMembers(before.events, after.events, (old, now) =>
    compareEvent(old as EventDocument, now as EventDocument, before.version, options.events ?? 'FULL'),
  )
  const changes = [...operations, ...events]
  return { verdict: verdictOf(changes), changes }
}

function compareMembers(
  before: Members,
  after: Members,
  compare: (old: unknown, now: unknown) => ContractChange[],
): ContractChange[] {
  const byWire = new Map(Object.values(after).map((one) => [(one as { wire: string }).wire, one]))
  return Object.values(before).flatMap((old) => {
    const { wire } = old as { wire: string }
    const now = byWire.get(wire)
    return now === undefined ? [removed(wire)] : compare(old, now)
  })
}

function removed(wire: string): ContractChange {
  const message = `${wire} was removed. To do: keep it, marked deprecated, until nobody uses it, or begin a new major version.`
  return { wire, part: 'removed', confirmed: true, message }
}

function compareOperation(
  old: OperationDocument,
  now: OperationDocument,
  version: string,
  options: ContractCompareOptions,
): ContractChange[] {
  const { wire } = old
  const unknown = (options.edge ?? now.http !== undefined) ? 'refuse' : 'strip'
  const input = compareSchemas(old.input.sent, now.input.sent, { unknown }).findings
  const output = compareSchemas(now.output.received, old.output.received).findings
  return [
    ...input.map((finding) => toChange(wire, 'input', toIncompatibility(finding, 'backward', version))),
    ...output.map((finding) => toChange(wire, 'output', toIncompatibility(finding, 'forward', version))),
    ...compareErrors(old, now, version),
  ]
}

/** Errors that only the new version has reach old callers as errors they did not declare, which every caller must expect. */
function compareErrors(old: OperationDocument, now: OperationDocument, version: string): ContractChange[] {
  return Object.entries(now.errors).flatMap(([reason, error]) => {
    const [mine, theirs] = [error.details, old.errors[reason]?.details]
    if (mine === undefined || theirs === undefined) return []
    const { findings } = compareSchemas(mine, theirs)
    return findings.map((finding) =>
      toChange(old.wire, 'errors', toIncompatibility(finding, 'forward', version), reason),
    )
  })
}

function compareEvent(
  old: EventDocument,
  now: EventDocument,
  version: string,
  mode: CompatibilityMode,
): ContractChange[] {
  const { wire } = old
  const key: ContractChange[] = old.key === now.key ? [] : [movedKey(old, now)]
  const data = rulesOf(mode).directions.flatMap((direction) => {
    const [writer, reader] = direction === 'backward' ? [old, now] : [now, old]
    const { findings } = compareSchemas(writer.data.received, reader.data.received)
    return findings.map((finding) => toChange(wire, 'data', toIncompatibility(finding, direction, version)))
  })
  return [...key, ...data]
}

function movedKey(old: EventDocument, now: EventDocument): ContractChange {
  const message = `${old.wire} was ordered by '${old.key}' and is now ordered by '${now.key}': its events would overtake each other. To do: keep the key, or begin a new major version of the event.`
  return { wire: old.wire, part: 'key', confirmed: true, message }
}

function toChange(wire: string, part: ContractPart, incompatibility: Incompatibility, reason?: string): ContractChange {
  const place = reason === undefined ? part : `error ${reason}`
  const message = `${wire}, ${place}: ${incompatibility.message}`
  const { confirmed } = incompatibility
  return { wire, part, confirmed, incompatibility, message, ...(reason !== undefined && { reason }) }
}
