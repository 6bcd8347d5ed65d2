/** Idempotency keys in memory. Results are kept as JSON text, so that nobody shares an object with the first caller. */
import type { Clock } from '../../core/environment/environment.ts'
import { BanyanError } from '../../core/error.ts'
import type { Idempotency, IdempotencyClaim, IdempotencyRecord, IdempotencyStep } from '../idempotency.ts'
import {
  assertIdempotencyKey,
  idempotencyKeyInUse,
  idempotencyKeyReused,
  idempotencyKeyUndone,
  tombstone,
  tombstoneOf,
} from '../idempotency-key.ts'
import { createStepDoor } from './step-door.ts'

/** What a transaction that serves a key does with it. */
export interface MemoryIdempotency extends Idempotency {
  /**
   * Takes the key, or says what is stored. Throws IDEMPOTENCY_KEY_IN_USE, IDEMPOTENCY_KEY_REUSED, or RESOURCE_EXHAUSTED
   * when no more keys can be kept.
   */
  take(claim: IdempotencyClaim): { readonly stored: unknown } | undefined
  /** Stores the result; `text` is undefined for a result that is. */
  commit(claim: IdempotencyClaim, text: string | undefined): void
  /** Lets go of the key, committed or not. */
  letGo(claim: IdempotencyClaim): void
}

interface Row {
  readonly fingerprint: string
  readonly expiresMs: number
  /** False while only an outcome was settled and no transaction ever committed under the key. */
  committed: boolean
  result: string | undefined
  outcome: string | undefined
}

export function createMemoryIdempotency(clock: Clock, maxKeys: number): MemoryIdempotency {
  const rows = new Map<string, Row>()
  const inUse = new Set<string>()
  const door = createStepDoor()

  function live(name: string): Row | undefined {
    const row = rows.get(name)
    return row !== undefined && row.expiresMs > clock.now() ? row : undefined
  }
  function fresh(claim: Omit<IdempotencyClaim, 'within' | 'undoes'>): Row {
    const expiresMs = clock.now() + claim.keepMs
    const row = { fingerprint: claim.fingerprint, expiresMs, committed: false, result: undefined, outcome: undefined }
    rows.set(nameOf(claim.scope, claim.key), row)
    return row
  }
  function trim(): number {
    const before = rows.size
    for (const [name, row] of rows) if (row.expiresMs <= clock.now()) rows.delete(name)
    return before - rows.size
  }

  const isUndone = (step: IdempotencyStep | undefined): boolean =>
    step !== undefined && live(nameOfTombstone(step))?.fingerprint === tombstone
  return {
    take(claim) {
      assertIdempotencyKey(claim.key)
      const name = nameOf(claim.scope, claim.key)
      const row = live(name)
      if (isUndone(claim.within)) throw idempotencyKeyUndone()
      if (row !== undefined && row.fingerprint !== claim.fingerprint) throw idempotencyKeyReused()
      if (row?.committed) return { stored: fromText(row.result) }
      if (row !== undefined || inUse.has(name)) throw idempotencyKeyInUse()
      if (rows.size + inUse.size >= maxKeys && trim() === 0) throw tooManyKeys(maxKeys)
      door.enter(claim)
      inUse.add(name)
      return undefined
    },
    commit(claim, text) {
      const row = live(nameOf(claim.scope, claim.key)) ?? fresh(claim)
      row.committed = true
      row.result = text
      if (claim.undoes !== undefined)
        fresh({ ...tombstoneOf(claim.undoes), fingerprint: tombstone, keepMs: claim.keepMs })
    },
    letGo(claim) {
      inUse.delete(nameOf(claim.scope, claim.key))
      door.leave(claim)
    },
    async find(scope, key, within): Promise<IdempotencyRecord | undefined> {
      if (isUndone(within)) return { fingerprint: tombstone, result: undefined, outcome: undefined }
      const row = live(nameOf(scope, key))
      if (row === undefined) return undefined
      return { fingerprint: row.fingerprint, result: fromText(row.result), outcome: fromText(row.outcome) }
    },
    async settle(claim, outcome) {
      assertIdempotencyKey(claim.key)
      const text = JSON.stringify(outcome)
      const row = live(nameOf(claim.scope, claim.key)) ?? fresh(claim)
      if (row.fingerprint !== claim.fingerprint) throw idempotencyKeyReused()
      row.outcome ??= text
    },
    trim: async () => trim(),
  }
}

function nameOfTombstone(step: IdempotencyStep): string {
  const { scope, key } = tombstoneOf(step)
  return nameOf(scope, key)
}

function nameOf(scope: string, key: string): string {
  return JSON.stringify([scope, key])
}

function fromText(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text)
}

function tooManyKeys(maxKeys: number): BanyanError {
  return new BanyanError('RESOURCE_EXHAUSTED', `the store holds its ${maxKeys} idempotency keys already`, {
    reason: 'TOO_MANY_IDEMPOTENCY_KEYS',
    retryable: true,
  })
}
