/** Where a stream ends, as its leader has it. */
import { apiCodes, isApiError } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'

/** The last sequence; 0 without a stream. */
export async function lastSequence(link: Link, stream: string): Promise<number> {
  try {
    return (await link.run('none', () => link.jsm.streams.info(stream))).state.last_seq
  } catch (error) {
    if (isApiError(error, apiCodes.streamNotFound)) return 0
    throw error
  }
}
