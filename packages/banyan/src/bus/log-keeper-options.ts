/** What looks after the log is given, and what it says of itself. */
import type { Environment } from '../core/environment/environment.ts'
import type { AuditedGroup, GroupAudit } from './audit-group.ts'
import type { AuditRun } from './audit-runs.ts'
import type { AuditedSource, SourceAudit } from './audit-source.ts'
import type { ForeignWatch } from './foreign.ts'
import type { LogKeeping, LogReader, Pin, RetentionLimit, RetentionRule } from './keeping.ts'
import type { OperatorLog } from './operator-log.ts'

export type { AuditRun } from './audit-runs.ts'

/** A source that this host relays. */
export interface KeptSource extends Omit<AuditedSource, 'keeping'> {
  /** Whether it is this host that relays it now. */
  isOurs(): boolean
  /** What becomes of messages that no relay wrote (foreign.ts). Left out, they are only counted. */
  readonly foreign?: Omit<ForeignWatch, 'source' | 'keeping'>
}

/** A group that this host consumes for. */
export interface KeptGroup extends Omit<AuditedGroup, 'keeping'> {
  /** Its low-water mark; undefined while another host has the assignment. */
  lowWater(): number | undefined
}

/** What a keeper is made of. Times in milliseconds. */
export interface LogKeeperOptions {
  readonly environment: Environment
  readonly keeping: LogKeeping
  readonly sources: readonly KeptSource[]
  readonly groups: readonly KeptGroup[]
  readonly rules?: readonly RetentionRule[]
  /** For types without a rule. Default: kept for ever. */
  readonly fallback?: RetentionLimit
  /** The types of the sources, by their names; see `RetainOptions.types`. */
  readonly types?: ReadonlyMap<string, ReadonlySet<string>>
  /** A reader not heard of for longer pins nothing. Default 7 days. */
  readonly readerTtlMs?: number
  /** Default 60 000. */
  readonly everyMs?: number
  /** Events of a source or a group looked at in one round. Default 5 000. */
  readonly auditRows?: number
  readonly log?: OperatorLog
}

/** An audit, and the worst that was found since this host started. */
export interface AuditStatus<Audit> {
  readonly last: Audit
  /** Rounds that found something. */
  readonly faulty: number
}

/** How the log is doing, as far as this host sees. */
export interface LogKeeperStatus {
  readonly rounds: number
  /** Dropped since this host started. */
  readonly dropped: { readonly segments: number; readonly events: number }
  /** Readers that keep events from going, as of the last round. */
  readonly pinned: readonly Pin[]
  /** Segments that were being read in the last round. */
  readonly held: number
  /** Messages of others that were no events of their source, parked since this host started. */
  readonly foreignParked: number
  /** Who reads what, of the sources looked after here. */
  readonly readers: readonly LogReader[]
  readonly sources: Readonly<Record<string, AuditStatus<SourceAudit>>>
  /** By `<group> <source>`. */
  readonly groups: Readonly<Record<string, AuditStatus<GroupAudit>>>
  /** By source, and by `<group> <source>`: when each was audited, what that found, and whether it could run. */
  readonly audits: Readonly<Record<string, AuditRun>>
  readonly errors: number
  readonly lastError: string | undefined
}
