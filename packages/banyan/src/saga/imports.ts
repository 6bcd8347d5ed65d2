/**
 * Reads what was exported: into a store, where it stands parked until a person lets it go on; or for a replay in a test. The run keeps
 * its id, and with it the keys of its calls and all that is computed from it.
 */
import type { NewSaga, SagaEntry } from '../store/sagas.ts'
import { exportFormat, originOfExport, type SagaExport, toEntries } from './exports.ts'
import type { Hand, MendedRun } from './hand.ts'
import type { Mended } from './journal.ts'
import { assertHand, badDocument } from './mending-refusals.ts'
import { maxSteps } from './options.ts'
import type { SagaPlace } from './saga-place.ts'

/** Entries of one document: each operation has an outcome, an undo and what people did at most. */
const maxEntries = 3 * maxSteps

/** Checks that it is an export of a format that this release reads. Throws INVALID_ARGUMENT `BAD_EXPORT`. */
export function assertExport(document: unknown): asserts document is SagaExport {
  const given = document as Partial<SagaExport> | null
  if (typeof given !== 'object' || given === null) throw badDocument('it is no JSON object')
  if (given.format !== exportFormat) throw badDocument(`its 'format' is not '${exportFormat}'`)
  const { saga, entries, messages } = given
  if (typeof saga !== 'object' || saga === null) throw badDocument("it has no 'saga'")
  for (const field of ['id', 'name', 'key', 'startedBy'] as const)
    if (typeof saga[field] !== 'string') throw badDocument(`'saga.${field}' is no text`)
  for (const field of ['version', 'run', 'startedMs'] as const)
    if (!Number.isSafeInteger(saga[field])) throw badDocument(`'saga.${field}' is no whole number`)
  if (!Array.isArray(entries) || !Array.isArray(messages)) throw badDocument("'entries' and 'messages' must be lists")
  if (entries.length > maxEntries) throw badDocument(`it has ${entries.length} entries, at most ${maxEntries}`)
  for (const [place, entry] of entries.entries()) assertEntry(entry, place)
}

function assertEntry(entry: Partial<SagaEntry> | null, place: number): void {
  const at = `entries[${place}]`
  if (typeof entry !== 'object' || entry === null) throw badDocument(`${at} is no object`)
  if (entry.n !== place + 1) throw badDocument(`${at}.n is not ${place + 1}: entries are missing`)
  if (!Number.isSafeInteger(entry.seq) || !Number.isSafeInteger(entry.atMs))
    throw badDocument(`${at}.seq or .atMs is no whole number`)
  if (typeof entry.kind !== 'string' || typeof entry.name !== 'string')
    throw badDocument(`${at}.kind or .name is no text`)
  if (typeof entry.body !== 'object') throw badDocument(`${at}.body is no object`)
}

/**
 * Puts the run into a store, parked: nothing happens until it is retried, and it must then not go on where it came from. Rejects with
 * BAD_EXPORT, and with ALREADY_EXISTS when it is there.
 */
export async function importSaga(place: SagaPlace, document: unknown, hand: Hand): Promise<MendedRun> {
  assertHand(hand)
  assertExport(document)
  const { sagas } = place
  const nowMs = Math.floor(await sagas.now())
  const body: Mended = { action: 'import', ...hand, origin: originOfExport(document) }
  const done = { seq: 0, kind: 'mended', name: 'import', atMs: nowMs, body: JSON.stringify(body) }
  const journal = [done, ...toEntries(document.entries)].map((entry, index) => ({ ...entry, n: index + 1 }))
  const { id, name, key, state } = await sagas.insert(toNewRun(document, nowMs), journal, 'parked')
  for (const { n: _n, atMs: _at, body: message, ...sent } of document.messages)
    await sagas.send(id, { ...sent, body: JSON.stringify(message) })
  return { id, name, key, state }
}

function toNewRun({ saga }: SagaExport, nowMs: number): NewSaga {
  const { id, name, version, key, run, input, priority, deadlineMs, startedBy } = saga
  return {
    ...{ id, name, version, key, run, priority, startedBy },
    input: JSON.stringify(input),
    // It must have ended when it had to where it came from.
    timeoutMs: deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - nowMs),
    correlations: [key],
    parent: undefined,
    traceparent: undefined,
  }
}
