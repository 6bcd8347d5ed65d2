/** A replay that does nothing: for questions, for what is under way, and to see whether code and journal still agree. */
import type { BanyanError } from '../core/error.ts'
import type { SagaEntry, SagaRecord } from '../store/sagas.ts'
import { SagaRun } from './run.ts'
import type { RunShared } from './run-journal.ts'
import type { SagaShape } from './shape.ts'

/** Entries that are read at a time. */
const pageSize = 1_000

/** The whole journal of a run. */
export async function readJournal(
  sagas: RunShared['host']['store']['sagas'],
  id: string,
): Promise<readonly SagaEntry[]> {
  const all: SagaEntry[] = []
  for (;;) {
    const page = await sagas.entries(id, all.at(-1)?.n ?? 0, pageSize)
    all.push(...page)
    if (page.length < pageSize) return all
  }
}

/** Replays what is stored, or the given entries, to the end of the journal; `fault` says where code and journal differ. */
export async function observe(
  shared: RunShared,
  shape: SagaShape,
  saga: SagaRecord,
  given?: readonly SagaEntry[],
): Promise<{ readonly run: SagaRun; readonly fault: BanyanError | undefined }> {
  const entries = given ?? (await readJournal(shared.host.store.sagas, saga.id))
  const { promise, resolve } = Promise.withResolvers<BanyanError | undefined>()
  const run = new SagaRun(shared, shape, { saga, entries, messages: [] }, (_, fault) => resolve(fault))
  void run.advance()
  const fault = await promise
  run.abandon()
  return { run, fault }
}
