/**
 * Removes the beginning of a stream, up to a sequence.
 *
 * A purge does that at once, but servers before 2.9.18 replay it wrongly when they start again in a cluster: one that is killed soon
 * after a purge up to a sequence removes everything that was there at the time of the purge from its copy
 * (https://github.com/nats-io/nats-server/issues/4196), and when that copy leads, the events are gone. The chaos rig found it. So on
 * those the messages of a stream with copies are deleted one by one, in order, so many in a round.
 */
import type { StreamInfo } from '@nats-io/jetstream'
import { apiCodes, isApiError } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'

/** Messages deleted one by one in a round, at most. */
export const maxDeleted = 20_000
/** On their way at a time. */
const inFlight = 64
/** The first version that replays a purge rightly. */
const purgesRightly = [2, 9, 18] as const

/** Says up to where it has come. */
export async function dropUpTo(link: Link, stream: string, last: number): Promise<number> {
  const { config, state } = await link.run('none', () => link.jsm.streams.info(stream))
  if (mayPurge(config, link.nc.info?.version ?? '')) {
    await link.run('unknown', () => link.jsm.streams.purge(stream, { seq: last + 1 }))
    return last
  }
  const end = Math.min(last, state.first_seq + maxDeleted - 1)
  for (let from = state.first_seq; from <= end; from += inFlight) {
    const some = Array.from({ length: Math.min(inFlight, end - from + 1) }, (_, index) => from + index)
    await link.run('unknown', () => Promise.all(some.map((seq) => remove(link, stream, seq))))
  }
  return end
}

/** Whether a purge up to a sequence is safe for this stream on a server of this version. */
export function mayPurge({ num_replicas }: Pick<StreamInfo['config'], 'num_replicas'>, version: string): boolean {
  if (num_replicas === 1) return true
  const found = version.split('.').map((part) => Number.parseInt(part, 10))
  for (const [at, wanted] of purgesRightly.entries()) {
    const part = found[at] ?? Number.NaN
    if (Number.isNaN(part) || part < wanted) return false
    if (part > wanted) return true
  }
  return true
}

/** One that is gone already is fine: a round was interrupted. */
async function remove(link: Link, stream: string, seq: number): Promise<void> {
  try {
    await link.jsm.streams.deleteMessage(stream, seq, false)
  } catch (error) {
    if (!isApiError(error, apiCodes.noMessage, apiCodes.sequenceNotFound, apiCodes.deleteFailed)) throw error
  }
}
