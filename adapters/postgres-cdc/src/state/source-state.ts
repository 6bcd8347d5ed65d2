/**
 * The row of one source in the service's database: who may read (a lease with an epoch), and how far it was read. A reader
 * that lost its lease can write nothing any more: each of its transactions names its epoch and the revision it follows.
 */
import type { Store, StoreTransaction } from 'banyan/store'
import { fenced } from '../errors.ts'
import { type Lsn, toLsnText } from '../protocol/lsn.ts'
import type { SystemFacts } from '../source/system.ts'
import { type Partial, type SourceState, type StateRow, toState } from './position.ts'

/** Rows per statement when keys are forgotten. */
const forgetPage = 5_000

export class SourceStateTable {
  readonly #store: Store
  readonly #name: string
  readonly #slot: string

  constructor(store: Store, name: string, slot: string) {
    this.#store = store
    this.#name = name
    this.#slot = slot
  }

  /** What is stored, and who holds it; undefined before the first reader. */
  async read(): Promise<{ readonly state: SourceState; readonly holder: string | null } | undefined> {
    const [row] = await this.#store.sql<StateRow>`
      SELECT *, epoch::text, revision::text, position::text, partial_commit::text, partial_changes::text
      FROM banyan.change_source WHERE name = ${this.#name}`
    return row === undefined ? undefined : { state: toState(row), holder: row.holder }
  }

  /** Takes the lease, under a new epoch; undefined while another reader has it, unless that is an earlier run of this one. */
  async acquire(holder: string, leaseMs: number): Promise<SourceState | undefined> {
    await this.#store.sql`
      INSERT INTO banyan.change_source (name, epoch, lease_until, slot)
      VALUES (${this.#name}, 0, banyan.now(), ${this.#slot}) ON CONFLICT (name) DO NOTHING`
    const [row] = await this.#store.sql<StateRow>`
      UPDATE banyan.change_source
      SET epoch = epoch + 1, holder = ${holder}, lease_until = banyan.now() + ${leaseMs} * interval '1 millisecond'
      WHERE name = ${this.#name} AND (lease_until <= banyan.now()
        OR split_part(holder, '#', 1) = split_part(${holder}, '#', 1))
      RETURNING *, epoch::text, revision::text, position::text, partial_commit::text, partial_changes::text`
    return row === undefined ? undefined : toState(row)
  }

  /** False when another reader has taken over. */
  async renew(epoch: bigint, leaseMs: number): Promise<boolean> {
    const rows = await this.#store.sql`
      UPDATE banyan.change_source SET lease_until = banyan.now() + ${leaseMs} * interval '1 millisecond'
      WHERE name = ${this.#name} AND epoch = ${epoch} RETURNING 1 AS kept`
    return rows.length > 0
  }

  /** Lets the next reader in at once. */
  async release(epoch: bigint): Promise<void> {
    await this.#store.sql`
      UPDATE banyan.change_source SET lease_until = banyan.now(), holder = NULL
      WHERE name = ${this.#name} AND epoch = ${epoch}`
  }

  /** Everything up to a position (and so much of one more transaction) is in this transaction or was before. */
  async advance(
    tx: StoreTransaction,
    state: SourceState,
    position: Lsn,
    partial: Partial | undefined,
  ): Promise<SourceState> {
    const commit = partial === undefined ? null : toLsnText(partial.commitLsn)
    return this.#moved(
      state,
      await tx.sql<StateRow>`
      UPDATE banyan.change_source SET revision = revision + 1, moved_at = banyan.now(),
        position = ${toLsnText(position)}::pg_lsn, partial_commit = ${commit}::pg_lsn,
        partial_changes = ${partial?.changes ?? 0}
      WHERE name = ${this.#name} AND epoch = ${state.epoch} AND revision = ${state.revision}
      RETURNING *, epoch::text, revision::text, position::text, partial_commit::text, partial_changes::text`,
    )
  }

  /** A page of a snapshot is in this transaction. */
  async touch(tx: StoreTransaction, state: SourceState): Promise<SourceState> {
    return this.#moved(
      state,
      await tx.sql<StateRow>`
      UPDATE banyan.change_source SET revision = revision + 1, moved_at = banyan.now()
      WHERE name = ${this.#name} AND epoch = ${state.epoch} AND revision = ${state.revision}
      RETURNING *, epoch::text, revision::text, position::text, partial_commit::text, partial_changes::text`,
    )
  }

  /** A snapshot begins: written before its slot is made, so that a slot left behind by a crash is known to be ours. */
  beginSnapshot(state: SourceState, system: SystemFacts, tables: readonly string[]): Promise<SourceState> {
    return this.#store.transact(async (tx) =>
      this.#moved(
        state,
        await tx.sql<StateRow>`
        UPDATE banyan.change_source SET revision = revision + 1, moved_at = banyan.now(), phase = 'snapshot',
          generation = generation + 1, slot = ${this.#slot}, system_id = ${system.systemId},
          timeline = ${system.timeline}, database = ${system.database}, tables = ${tables}::text[],
          position = NULL, partial_commit = NULL, partial_changes = 0
        WHERE name = ${this.#name} AND epoch = ${state.epoch} AND revision = ${state.revision}
        RETURNING *, epoch::text, revision::text, position::text, partial_commit::text, partial_changes::text`,
      ),
    )
  }

  /** The snapshot is complete: the stream goes on where it was taken. */
  finishSnapshot(state: SourceState, position: Lsn): Promise<SourceState> {
    return this.#store.transact(async (tx) => {
      await tx.sql`UPDATE banyan.change_source SET phase = 'streaming'
        WHERE name = ${this.#name} AND epoch = ${state.epoch} AND revision = ${state.revision}`
      return this.advance(tx, state, position, undefined)
    })
  }

  /** The slot turned out to be somebody else's: this source has not begun. */
  async giveUpSnapshot(state: SourceState): Promise<void> {
    await this.#store.sql`UPDATE banyan.change_source SET phase = 'new', revision = revision + 1
      WHERE name = ${this.#name} AND epoch = ${state.epoch} AND revision = ${state.revision}`
  }

  /** The source was promoted: the position is on the new timeline too. */
  async followTimeline(state: SourceState, timeline: number): Promise<void> {
    await this.#store.sql`UPDATE banyan.change_source SET timeline = ${timeline}
      WHERE name = ${this.#name} AND epoch = ${state.epoch}`
  }

  /** Forgets the keys of a snapshot that is complete. */
  async forgetKeys(): Promise<void> {
    for (;;) {
      const rows = await this.#store.sql`
        DELETE FROM banyan.change_source_key WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM banyan.change_source_key WHERE source = ${this.#name} LIMIT ${forgetPage})) RETURNING 1 AS gone`
      if (rows.length < forgetPage) return
    }
  }

  #moved(state: SourceState, rows: readonly StateRow[]): SourceState {
    const [row] = rows
    if (row === undefined) throw fenced(this.#name, state.epoch)
    return toState(row)
  }
}

/**
 * Makes a source begin anew with a snapshot at its next start, and ends whoever reads now. For when the slot was lost or the
 * database replaced: the error then says what is gone. With `trackKeys` rows that are gone come as `delete`; without it, a
 * reader has to compare what it has with what comes (`generation` tells which is new).
 *
 * @example
 * await resnapshot(store, 'crm')
 */
export async function resnapshot(store: Store, name: string): Promise<void> {
  await store.sql`DELETE FROM banyan.change_source_fault WHERE source = ${name} AND place LIKE 'snapshot %'`
  await store.sql`UPDATE banyan.change_source
    SET phase = 'snapshot', epoch = epoch + 1, revision = revision + 1, holder = NULL, lease_until = banyan.now()
    WHERE name = ${name}`
}
