/** A run and its journal, for people. */
import type { SagaRecord, Store } from 'banyan/store'

const maxEntries = 200
const maxBody = 160

export async function describeRun({ sagas }: Store, run: SagaRecord): Promise<string> {
  const entries = await sagas.entries(run.id, 0, maxEntries)
  const lines = entries.map(
    ({ n, seq, kind, name, body }) => `    ${n} [${seq}] ${kind} ${name} ${body.slice(0, maxBody)}`,
  )
  const { name, key, state, epoch, holder = 'nobody', note, outcome = '' } = run
  return [`  ${name} ${key}: ${state}, epoch ${epoch}, held by ${holder}; ${note} ${outcome}`, ...lines].join('\n')
}
