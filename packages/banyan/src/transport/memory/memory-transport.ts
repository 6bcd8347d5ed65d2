/** The Transport in memory: same texts, same errors, no sockets. Addresses are `memory:<port>`. */
import { Cancellation } from '../../core/cancellation.ts'
import { BanyanError, fromAbort, fromErrorDocument, fromUnknown, toErrorDocument } from '../../core/error.ts'
import type { InboundCall, Transport, WireCall, WireHandler } from '../transport.ts'

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
  const { wire, body, metadata, cancellation } = call
  if (cancellation?.cancelled) throw fromAbort(cancellation.reason)
  const remote = new Cancellation()
  const follow = remote.listen.bind(remote)
  const received: InboundCall = { wire, body, metadata, connection: handler, follow }
  const tell = (text: string): string => {
    if (received.published !== undefined) call.answered?.(received.published)
    return text
  }
  const answer = handler(received).then(tell, (error: unknown) => {
    // Errors cross as documents here too, so that nothing can lean on object identity.
    throw fromErrorDocument(JSON.parse(JSON.stringify(toErrorDocument(fromUnknown(error)))))
  })
  if (cancellation === undefined) return answer
  const givenUp = new Promise<never>((_, reject) => {
    cancellation.listen({
      cancel: (reason) => {
        remote.cancel(new BanyanError('CANCELLED', 'the caller gave up'))
        reject(fromAbort(reason))
      },
    })
  })
  try {
    return await Promise.race([answer, givenUp])
  } finally {
    cancellation.listen(undefined)
  }
}
