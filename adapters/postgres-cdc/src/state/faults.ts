/**
 * Changes that could not be mapped, and which of them a person gave up: with who and why, for good. The place is kept rather
 * than the change, so nothing of the source's data is copied here.
 */
import { BanyanError } from 'banyan/core'
import type { Store } from 'banyan/store'

/** Changes given up that a reader knows of, the newest. */
export const maxSkips = 10_000

/** What `CDC_MAPPING` says in its details. */
interface Fault {
  readonly place: string
  readonly change: string
}

/** Notes where a source has stopped; errors of another kind have no place. */
export async function noteFault(store: Store, source: string, error: BanyanError): Promise<void> {
  const { place, change } = (error.details ?? {}) as Partial<Fault>
  if (error.reason !== 'CDC_MAPPING' || place === undefined) return
  await store.sql`
    INSERT INTO banyan.change_source_fault AS f (source, place, change, error)
    VALUES (${source}, ${place}, ${change ?? ''}, ${error.message.slice(0, 2_000)})
    ON CONFLICT (source, place) DO UPDATE SET error = excluded.error, failed_at = excluded.failed_at
    WHERE f.skipped_at IS NULL`
}

/** Places of changes that are given up. */
export async function readSkips(store: Store, source: string): Promise<ReadonlySet<string>> {
  const rows = await store.sql<{ place: string }>`
    SELECT place FROM banyan.change_source_fault WHERE source = ${source} AND skipped_at IS NOT NULL
    ORDER BY skipped_at DESC LIMIT ${maxSkips}`
  return new Set(rows.map(({ place }) => place))
}

/**
 * Gives the change up at which a source has stopped (`CDC_MAPPING`): it makes no event, now and whenever it comes again. Says
 * which change that is. The source goes on at its next start.
 *
 * Errors: FAILED_PRECONDITION `CDC_NOT_STOPPED` when it does not stand at a change.
 *
 * @example
 * await skipChange(store, 'crm', { by: 'ada', why: 'a row of the tests, removed since' })
 */
export async function skipChange(
  store: Store,
  source: string,
  reason: { readonly by: string; readonly why: string },
): Promise<string> {
  // What lies behind what was stored last has been passed since.
  const [row] = await store.sql<{ change: string }>`
    UPDATE banyan.change_source_fault SET skipped_at = banyan.now(), skipped_by = ${reason.by}, why = ${reason.why}
    WHERE source = ${source} AND place = (
      SELECT f.place FROM banyan.change_source_fault f JOIN banyan.change_source s ON s.name = f.source
      WHERE f.source = ${source} AND f.skipped_at IS NULL AND f.failed_at >= s.moved_at
      ORDER BY f.failed_at DESC LIMIT 1)
    RETURNING change`
  if (row !== undefined) return row.change
  throw new BanyanError(
    'FAILED_PRECONDITION',
    `the source '${source}' does not stand at a change that cannot be mapped`,
    {
      reason: 'CDC_NOT_STOPPED',
      hint: 'Look at its last error. If it has just been tried again, ask once more.',
    },
  )
}
