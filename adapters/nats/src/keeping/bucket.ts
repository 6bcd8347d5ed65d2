/**
 * Entries of the bucket as JSON, by compare-and-set, read from the leader of the bucket. Nothing is ever removed: a purge of one
 * subject is what old servers replay wrongly (drop.ts).
 */
import { apiCodes, isApiError } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'
import type { Names } from '../names.ts'

/** An entry as it was found. */
export interface BucketEntry {
  /** For the next compare-and-set; 0 when there is none. */
  readonly revision: number
  /** Undefined when there is none, null when what is there is no JSON. */
  readonly value: unknown
  /** When it was written, by the broker's clock. */
  readonly writtenMs: number
}

export interface Bucket {
  /** By subject. */
  read(subject: string): Promise<BucketEntry>
  /** False when somebody else was first. */
  write(subject: string, revision: number, value: unknown): Promise<boolean>
  /** Whatever is there. */
  overwrite(subject: string, value: unknown): Promise<void>
  /** The subjects that match and have an entry. */
  list(pattern: string): Promise<readonly string[]>
}

export function createBucket(link: Link, { bucketStream }: Names): Bucket {
  const publish = (subject: string, value: unknown, revision?: number): Promise<unknown> => {
    const expected = revision === undefined ? {} : { expect: { lastSubjectSequence: revision } }
    const text = JSON.stringify(value)
    return link.run('unknown', () => link.js.publish(subject, text, { ...expected, timeout: link.requestTimeoutMs }))
  }
  return {
    async read(subject) {
      const query = { last_by_subj: subject }
      const found = await link.run('none', () => link.jsm.streams.getMessage(bucketStream, query))
      if (found === null) return { revision: 0, value: undefined, writtenMs: 0 }
      return { revision: found.seq, value: toValue(found.string()), writtenMs: found.time.getTime() }
    },
    async write(subject, revision, value) {
      try {
        await publish(subject, value, revision)
        return true
      } catch (error) {
        if (isApiError(error, apiCodes.wrongLastSequence, apiCodes.wrongLastSequenceUnknown)) return false
        throw error
      }
    },
    async overwrite(subject, value) {
      await publish(subject, value)
    },
    async list(pattern) {
      const query = { subjects_filter: pattern }
      const { state } = await link.run('none', () => link.jsm.streams.info(bucketStream, query))
      return Object.keys(state.subjects ?? {})
    },
  }
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
