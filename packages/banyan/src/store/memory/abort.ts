/** Work under a signal: whoever waits for it is let go as soon as the signal is aborted, whether or not the work listens. */
import { BanyanError, isBanyanError } from '../../core/error.ts'

/** The work's result, unless the signal is aborted before it is there. */
export async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(toAborted(signal))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const result = await Promise.race([work, promise])
    if (signal.aborted) throw toAborted(signal)
    return result
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

export function toAborted(signal: AbortSignal): BanyanError {
  if (isBanyanError(signal.reason)) return signal.reason
  return new BanyanError('CANCELLED', 'the transaction was aborted; nothing was committed', {
    outcome: 'none',
    cause: signal.reason,
  })
}
