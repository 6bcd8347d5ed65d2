/** The Transport in memory: same texts, same errors, no sockets. Addresses are `memory:<port>`. */
import { BanyanError, fromAbort, fromErrorDocument, fromUnknown, toErrorDocument } from '../../core/error.ts'
import type { Transport, WireCall, WireHandler } from '../transport.ts'

/** Creates a network of its own: only hosts that were given this very transport reach each other. */
export function createMemoryTransport(): Transport {
  const handlers = new Map<string, WireHandler>()
  let lastPort = 0
  return {
    async listen({ port, handler }) {
      const address = `memory:${port === 0 ? ++lastPort : port}`
      if (handlers.has(address)) throw new BanyanError('UNAVAILABLE', `${address} is in use`, { reason: 'PORT_IN_USE' })
      handlers.set(address, handler)
      return { address, close: async () => void handlers.delete(address) }
    },
    connect: (address) => ({ call: (call) => send(handlers.get(address), call), close: async () => {} }),
  }
}

async function send(handler: WireHandler | undefined, call: WireCall): Promise<string> {
  if (handler === undefined)
    throw new BanyanError('UNAVAILABLE', 'nothing answers there', {
      reason: 'UNREACHABLE',
      retryable: true,
      outcome: 'none',
    })
  const remote = new AbortController()
  const local = call.signal
  const cancel = (): void => remote.abort(new BanyanError('CANCELLED', 'the caller gave up'))
  if (local?.aborted) throw fromAbort(local.reason)
  local?.addEventListener('abort', cancel, { once: true })
  const answer = handler({ ...call, signal: remote.signal }).catch((error: unknown) => {
    // Errors cross as documents here too, so that nothing can lean on object identity.
    throw fromErrorDocument(JSON.parse(JSON.stringify(toErrorDocument(fromUnknown(error)))))
  })
  try {
    return await (local === undefined ? answer : Promise.race([answer, aborted(local)]))
  } finally {
    local?.removeEventListener('abort', cancel)
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(fromAbort(signal.reason)), { once: true }))
