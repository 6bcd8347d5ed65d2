/**
 * The streams of a system: made when a source is leased for the first time, and looked at when they are there already, since
 * a stream that drops messages by itself is no log.
 */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream'
import { BanyanError } from 'banyan/core'
import { apiCodes, isApiError } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'
import type { Names } from '../names.ts'

/** How streams are made. */
export interface StreamOptions {
  readonly replicas: number
  /** Room of one source, -1 for no limit; an append beyond it is refused. */
  readonly maxBytes: number
  readonly warn: (message: string) => void
}

/** Makes sure of streams. */
export interface Streams {
  ensure(source: string): Promise<void>
  /** It was found missing: it is made again the next time. */
  forget(source: string): void
}

export function createStreams(link: Link, names: Names, options: StreamOptions): Streams {
  const known = new Map<string, Promise<void>>()

  async function make(source: string): Promise<void> {
    const name = names.stream(source)
    const found = await find(link, name)
    if (found === undefined) {
      await link
        .run('unknown', () => link.jsm.streams.add(toConfig(names, source, options)))
        .catch((error: unknown) => {
          throw isApiError(error, apiCodes.subjectsOverlap) ? overlaps(names.subjects(source), error) : error
        })
    } else {
      assertLog(name, found, names.subjects(source))
      if (found.num_replicas !== options.replicas)
        options.warn(
          `stream '${name}' has ${found.num_replicas} replicas, ${options.replicas} are asked for; it is left as it is`,
        )
    }
  }
  return {
    ensure(source) {
      const making = known.get(source) ?? make(source)
      known.set(source, making)
      // What failed is tried again the next time.
      return making.catch((error: unknown) => {
        known.delete(source)
        throw error
      })
    },
    forget: (source) => void known.delete(source),
  }
}

async function find(link: Link, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await link.run('none', () => link.jsm.streams.info(name))).config
  } catch (error) {
    if (isApiError(error, apiCodes.streamNotFound)) return undefined
    throw error
  }
}

function toConfig(
  names: Names,
  source: string,
  { replicas, maxBytes }: StreamOptions,
): Partial<StreamConfig> & { name: string } {
  return {
    name: names.stream(source),
    subjects: [names.subjects(source)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    // A full log refuses; it never drops what somebody may not have read.
    discard: DiscardPolicy.New,
    max_age: 0,
    max_bytes: maxBytes,
    num_replicas: replicas,
  }
}

/** Refuses a stream of that name that would lose events by itself. */
function assertLog(name: string, config: StreamConfig, subjects: string): void {
  const faults: string[] = []
  if (!config.subjects?.includes(subjects)) faults.push(`its subjects must be ${subjects}`)
  if (config.retention !== RetentionPolicy.Limits) faults.push(`its retention must be 'limits'`)
  if (config.max_msgs_per_subject > 0) faults.push('it must keep every message of a subject')
  const bounded = config.max_msgs > 0 || config.max_bytes > 0
  if (bounded && config.discard !== DiscardPolicy.New) faults.push(`with a limit, its discard policy must be 'new'`)
  if (faults.length === 0) return
  throw new BanyanError('FAILED_PRECONDITION', `the stream '${name}' cannot be a log: ${faults.join('; ')}`, {
    reason: 'NOT_A_LOG',
    hint: 'Remove the stream, or name the system differently.',
  })
}

function overlaps(subjects: string, cause: unknown): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `another stream takes in subjects of ${subjects}`, {
    reason: 'SUBJECTS_TAKEN',
    hint: 'Narrow that stream, or name the system differently.',
    cause,
  })
}
