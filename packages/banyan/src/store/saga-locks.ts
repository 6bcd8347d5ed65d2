/** Semantic locks of sagas, as the port tells of them. */

/** What is known of a lock. */
export interface SagaLock {
  readonly kind: string
  readonly key: string
  /** The run that holds it. */
  readonly owner: string
  /** `<name> <key>` of that run. */
  readonly ownerName: string
  readonly sinceMs: number
  /** Runs that wait for it, in the order in which they will have it. */
  readonly waiting: readonly { readonly id: string; readonly sinceMs: number }[]
}

/**
 * What came of asking for a lock. `waiting`: it will be told by a message of kind `lock` (id `<kind>/<key>`, name `granted`) and
 * has it then. To ask again is answered by how it stands, and keeps the place in the line. `deadlock`: waiting would close a circle of runs that wait for each other; it does not wait.
 */
export type SagaLockOutcome =
  | { readonly got: 'yes' }
  | { readonly got: 'no'; readonly lock: SagaLock }
  | { readonly got: 'waiting'; readonly lock: SagaLock }
  | { readonly got: 'deadlock'; readonly circle: readonly string[] }
