/**
 * The entry of a source in the bucket: who may append (holder, epoch), for how long, and where the outbox was read up to when
 * this was last written. Written by compare-and-set on the entry's revision, read from the leader of the bucket.
 *
 * A lease counts from the broker's timestamp of the entry, never from a host's clock. Somebody who wants the lease asks the
 * broker for its time too.
 */
import { BanyanError } from 'banyan/core'
import type { OutboxCursor } from 'banyan/store'
import { apiCodes, isApiError } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'
import type { Names } from '../names.ts'
import type { Position } from './tail.ts'

/** The value of the entry. */
export interface RelayRecord {
  readonly epoch: number
  /** Nobody after a release. */
  readonly holder?: string
  readonly leaseMs: number
  /** When the lease was taken or renewed, by the broker's clock; left out by the write that does so, whose own time it is. */
  readonly sinceMs?: number
  /** How far tests have moved the clock when it was written; nothing otherwise. */
  readonly shiftMs?: number
  readonly cursor?: OutboxCursor
  readonly scan: number
}

/** The entry as it was found. */
export interface FoundRecord {
  /** For the next compare-and-set; 0 when there is no entry yet. */
  readonly revision: number
  readonly record: RelayRecord
  /** When it was written, by the broker's clock. */
  readonly writtenMs: number
}

/** The entries of one system. */
export interface RelayRecords {
  read(source: string): Promise<FoundRecord>
  /** The new revision; undefined when somebody else was first. Whether it was written is not known when no answer comes. */
  write(source: string, revision: number, record: RelayRecord, withinMs?: number): Promise<number | undefined>
}

const none: RelayRecord = { epoch: 0, leaseMs: 0, scan: 0 }

export function createRelayRecords(link: Link, names: Names): RelayRecords {
  return {
    async read(source) {
      const query = { last_by_subj: names.entry(source) }
      const found = await link.run('none', () => link.jsm.streams.getMessage(names.bucketStream, query))
      if (found === null) return { revision: 0, record: none, writtenMs: 0 }
      return { revision: found.seq, record: toRecord(source, found.string()), writtenMs: found.time.getTime() }
    },
    async write(source, revision, record, withinMs = link.requestTimeoutMs) {
      const sent = { expect: { lastSubjectSequence: revision }, timeout: withinMs }
      return link.run('unknown', async () => {
        try {
          return (await link.js.publish(names.entry(source), JSON.stringify(record), sent)).seq
        } catch (error) {
          if (isApiError(error, apiCodes.wrongLastSequence, apiCodes.wrongLastSequenceUnknown)) return undefined
          throw error
        }
      })
    },
  }
}

/** The position of an entry. */
export function positionOf({ cursor, scan }: RelayRecord): Position {
  return { cursor, scan }
}

/** When the lease of an entry was taken or renewed, by the broker's clock. */
export function leasedAt({ record, writtenMs }: FoundRecord): number {
  return record.sinceMs ?? writtenMs + (record.shiftMs ?? 0)
}

/** The entry with a new position; its lease is not renewed by that. */
export function withPosition(found: FoundRecord, position: Position): RelayRecord {
  const { cursor: _, ...record } = found.record
  const { cursor, scan } = position
  return { ...record, sinceMs: leasedAt(found), scan, ...(cursor === undefined ? {} : { cursor }) }
}

function toRecord(source: string, text: string): RelayRecord {
  try {
    const value = JSON.parse(text) as Partial<RelayRecord>
    if (typeof value.epoch === 'number' && typeof value.leaseMs === 'number' && typeof value.scan === 'number')
      return value as RelayRecord
  } catch {
    // Said below.
  }
  throw new BanyanError(
    'FAILED_PRECONDITION',
    `the entry of '${source}' in the bucket of the relays is not one of ours`,
    {
      reason: 'BAD_RELAY_RECORD',
      hint: 'Another program has written it. Remove the key; the position is found again from the end of the stream.',
    },
  )
}
