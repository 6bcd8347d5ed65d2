/** Flows that are late. That stands in their runs' notes, by which no index finds it: the newest running runs are read, and the rest left out. */
import { lateSince } from 'banyan/saga'
import type { SagaFilter, SagaPage, SagaSummary, Sagas } from 'banyan/store'
import { waitsOf } from './saga-row.ts'

/** Running runs that are read, in pages of so many. */
const maxPages = 10
const perPage = 1_000

/** At most `filter.limit` of them, the newest first, and whether there may be more. */
export async function listLate(
  sagas: Pick<Sagas, 'list'>,
  filter: SagaFilter,
): Promise<{ readonly sagas: readonly SagaSummary[]; readonly more: boolean }> {
  const { states = ['running'], limit } = filter
  if (!states.includes('running')) return { sagas: [], more: false }
  const found: SagaSummary[] = []
  let page: SagaPage | undefined
  for (let pages = 0; pages < maxPages && found.length <= limit; pages++) {
    const from = page?.next === undefined ? {} : { before: page.next }
    page = await sagas.list({ ...filter, ...from, states: ['running'], limit: perPage })
    found.push(...page.sagas.filter((run) => lateSince(waitsOf(run)) !== undefined))
    if (page.next === undefined) break
  }
  return { sagas: found.slice(0, limit), more: found.length > limit }
}
