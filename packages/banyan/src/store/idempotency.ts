/**
 * The Idempotency port: (scope, key) with a fingerprint of the input → what came of it, committed with the command's
 * transaction. Semantics: draft-ietf-httpapi-idempotency-key-header-06, with the stricter rule that the first answer is
 * committed together with the effect, so a crash can never leave one without the other.
 */

/** All calls that one step of a saga makes to this service. */
export interface IdempotencyStep {
  /** `<caller>` */
  readonly scope: string
  /** The step's own key, with which those of its calls begin. */
  readonly key: string
}

/** A key being served. */
export interface IdempotencyClaim {
  /** Who calls what: `<caller> <contract>.v<major>/<operation>`. */
  readonly scope: string
  /** The caller's key; 1 to 255 characters. */
  readonly key: string
  /** Of the validated input, so that the same key with another input is refused. */
  readonly fingerprint: string
  /** How long the outcome is kept, in milliseconds. */
  readonly keepMs: number
  /** The step of a saga that this call is part of: once that is taken back, the call is refused with FAILED_PRECONDITION `UNDONE`. */
  readonly within?: IdempotencyStep
  /**
   * The step of a saga that this transaction takes back: a tombstone is committed with it, so that a call of that step that arrives
   * late is refused. One that is under way makes this one fail with ABORTED `IDEMPOTENCY_KEY_IN_USE`.
   */
  readonly undoes?: IdempotencyStep
}

/** What is stored under a key. `result` is what the transaction returned; `outcome` the operation's final answer, when it is known. */
export interface IdempotencyRecord {
  readonly fingerprint: string
  readonly result: unknown
  /** `{ ok: value }` or `{ error: ErrorDocument }`. Undefined while only the transaction is known to have committed. */
  readonly outcome: unknown
}

/** Stored outcomes of one service. */
export interface Idempotency {
  /** With a step that was taken back: its tombstone, by its fingerprint. */
  find(scope: string, key: string, within?: IdempotencyStep): Promise<IdempotencyRecord | undefined>
  /** Stores the final answer. The first one stays: a second call changes nothing. */
  settle(claim: IdempotencyClaim, outcome: unknown): Promise<void>
  /** Removes what is past its time; returns how many. */
  trim(): Promise<number>
}
