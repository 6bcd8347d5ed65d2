/**
 * A run as a document, to be looked at elsewhere, replayed in a test, or put into another database. It has what the journal has;
 * what schemas hide is `***` in it unless secrets are asked for, and it says so.
 */
import type { SagaEntry, SagaMessage, SagaRecord } from '../store/sagas.ts'
import { isSettling, type Mended, originOf, type Settled, type SettlingKind, type Undoing } from './journal.ts'
import { readJournal } from './observe.ts'
import { findRun, type SagaPlace } from './saga-place.ts'
import type { Hiding } from './view-hiding.ts'
import { hidingFor } from './views.ts'

/** The name of the format, with its version. */
export const exportFormat = 'banyan.saga/1'

/** What is exported of the run itself. */
export type ExportedRun = Omit<SagaRecord, 'input' | 'outcome' | 'epoch' | 'holder' | 'length' | 'mail' | 'note'> & {
  readonly input: unknown
  readonly outcome?: unknown
}

/** An entry, with its body as JSON. */
export type ExportedEntry = Omit<SagaEntry, 'body'> & { readonly body: unknown }
/** A message that was not read. */
export type ExportedMessage = Omit<SagaMessage, 'body'> & { readonly body: unknown }

/** See the top of the file. */
export interface SagaExport {
  readonly format: typeof exportFormat
  readonly service: string
  readonly exportedAt: string
  /** `***` stands for what schemas hide. */
  readonly redacted: boolean
  readonly saga: ExportedRun
  readonly entries: readonly ExportedEntry[]
  readonly messages: readonly ExportedMessage[]
}

/** Takes the document. With `secrets`, nothing is hidden. Rejects with NO_SUCH_SAGA. */
export async function exportSaga(
  place: SagaPlace,
  which: string,
  options: { readonly secrets?: boolean } = {},
): Promise<SagaExport> {
  const { sagas, service } = place
  const record = await findRun(place, which)
  const [entries, messages] = await Promise.all([readJournal(sagas, record.id), sagas.messages(record.id, 0)])
  const secrets = options.secrets === true
  const hiding = hidingFor(place, record, entries, secrets)
  return {
    format: exportFormat,
    service,
    exportedAt: new Date(await sagas.now()).toISOString(),
    redacted: !secrets,
    saga: toExportedRun(record, hiding),
    entries: entries.map((entry) => ({ ...entry, body: hideBody(entry, hiding) })),
    messages: messages.map((message) => ({
      ...message,
      body: hiding.message(message.kind, message.name, JSON.parse(message.body)),
    })),
  }
}

function toExportedRun(record: SagaRecord, hiding: Hiding): ExportedRun {
  const { input, outcome, epoch: _e, holder: _h, length: _l, mail: _m, note: _n, ...run } = record
  const ended = outcome === undefined ? undefined : (JSON.parse(outcome) as Settled)
  return {
    ...run,
    input: hiding.input(JSON.parse(input)),
    ...(ended !== undefined && { outcome: hideSettled(ended, 'step', '', hiding) }),
  }
}

function hideBody(entry: SagaEntry, hiding: Hiding): unknown {
  const body = JSON.parse(entry.body) as object
  if (isSettling(entry)) return hideSettled(body, entry.kind as SettlingKind, entry.name, hiding)
  // What a person wrote is meant to be read.
  if (entry.kind === 'mended') return body
  if (entry.kind === 'undoing') return { ...body, reason: hiding.error((body as Undoing).reason) }
  return hideSettled(body, 'step', '', hiding)
}

function hideSettled(body: Settled, kind: SettlingKind, name: string, hiding: Hiding): unknown {
  const { ok, error, calls, external } = body
  return {
    ...body,
    ...(ok !== undefined && { ok: hiding.output(kind, name, ok) }),
    ...(error !== undefined && { error: hiding.error(error) }),
    ...(calls !== undefined && { calls: calls.map(hiding.call) }),
    ...(external !== undefined && { external: hiding.output('step', name, external) }),
  }
}

/** Where the journal of a document was begun, for a run that goes on with it. */
export function originOfExport({ saga, entries }: SagaExport): NonNullable<Mended['origin']> {
  const first = entries[0]
  const before = first === undefined ? undefined : originOf([{ kind: first.kind, body: JSON.stringify(first.body) }])
  return before ?? { id: saga.id, key: saga.key, startedMs: saga.startedMs, ids: [] }
}

/** The entries, as a journal has them. */
export function toEntries(entries: readonly ExportedEntry[]): readonly SagaEntry[] {
  return entries.map(({ body, ...entry }) => ({ ...entry, body: JSON.stringify(body) }))
}
