/** What a host says of a schedule. */

/** How a schedule is doing on this host. Moments are milliseconds since 1970. */
export interface ScheduleStatus {
  readonly service: string
  readonly name: string
  /** `held`: another host runs it. `failing`: the last run failed and is tried again, or its database is away. */
  readonly state: 'stopped' | 'held' | 'waiting' | 'running' | 'failing'
  /** Everything up to here is settled; undefined while another host runs it. */
  readonly settledMs: number | undefined
  /** When it occurs next, as of the last look. */
  readonly nextMs: number | undefined
  /** Of this host, since it began. */
  readonly succeeded: number
  readonly failed: number
  readonly skipped: number
  /** Occurrences that failed too often. */
  readonly givenUp: number
  readonly lastError: string | undefined
}
