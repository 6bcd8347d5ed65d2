import { BanyanError } from 'banyan/core'
import { describe, expect, it } from 'vitest'
import type { Link } from '../connection/link.ts'
import { changeEntry, createWriteEntry, maxRaces } from './entry-changes.ts'
import type { FoundRecord, RelayRecord, RelayRecords } from './record.ts'

const link = { requestTimeoutMs: 2_000 } as Link
const noAnswer = (): BanyanError => new BanyanError('UNAVAILABLE', 'no answer', { outcome: 'unknown' })

/** An entry in memory. `fate` says what happens to a write: it works, it lands and the answer is lost, or it is lost itself. */
function createRecords(fate: (attempt: number) => 'works' | 'no answer' | 'lost' | 'raced'): RelayRecords & {
  readonly writes: number[]
  found: FoundRecord
} {
  const records = {
    writes: [] as number[],
    found: { revision: 1, record: { epoch: 1, leaseMs: 0, scan: 0 }, writtenMs: 0 } as FoundRecord,
    read: async () => records.found,
    async write(_source: string, revision: number, record: RelayRecord, withinMs?: number) {
      records.writes.push(withinMs ?? 0)
      const happens = fate(records.writes.length)
      if (happens === 'raced') records.found = { ...records.found, revision: records.found.revision + 1 }
      if (happens === 'lost') throw noAnswer()
      if (revision !== records.found.revision) return undefined
      records.found = { revision: revision + 1, record, writtenMs: 0 }
      if (happens === 'no answer') throw noAnswer()
      return revision + 1
    },
  }
  return records
}
const next = ({ record }: FoundRecord): RelayRecord | undefined =>
  record.scan === 7 ? undefined : { ...record, scan: 7 }

describe('a change of an entry', () => {
  it('says between which revisions it was made, and does not wait long for an answer', async () => {
    const records = createRecords(() => 'works')
    expect(await changeEntry(link, records, 'orders', next)).toEqual({ from: 1, to: 2 })
    expect(records.writes).toEqual([1_000])
  })

  it('looks again when no answer came: what has landed is not written twice, what has not is', async () => {
    const landed = createRecords(() => 'no answer')
    expect(await changeEntry(link, landed, 'orders', next)).toBeUndefined()
    expect([landed.writes.length, landed.found.record.scan]).toEqual([1, 7])
    const lost = createRecords((attempt) => (attempt === 1 ? 'lost' : 'works'))
    expect(await changeEntry(link, lost, 'orders', next)).toEqual({ from: 1, to: 2 })
  })

  it('gives up when no answer comes again and again, and says that it is not known', async () => {
    const records = createRecords(() => 'lost')
    await expect(changeEntry(link, records, 'orders', next)).rejects.toMatchObject({ outcome: 'unknown' })
    expect(records.writes).toHaveLength(6)
  })

  it('gives up when others are always first', async () => {
    const records = createRecords(() => 'raced')
    await expect(changeEntry(link, records, 'orders', next)).rejects.toMatchObject({ code: 'ABORTED', retryable: true })
    expect(records.writes).toHaveLength(maxRaces)
  })

  it('takes a refusal for an answer', async () => {
    const records = createRecords(() => 'works')
    const refusing = { ...records, write: async () => Promise.reject(new BanyanError('PERMISSION_DENIED', 'no')) }
    await expect(createWriteEntry(link, refusing, 'orders')(1, records.found.record)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    })
  })
})
