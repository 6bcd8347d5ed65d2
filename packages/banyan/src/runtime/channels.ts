/** Channels to other hosts, one per address, made when first needed and closed when the address is gone. */
import type { Resolver } from '../discovery/resolver.ts'
import type { Channel, Transport } from '../transport/transport.ts'

/** Finds a way to a service. */
export interface Channels {
  /** A channel to one of its hosts, in turn; undefined when none is known. */
  pick(service: string): Channel | undefined
  close(): Promise<void>
}

/** Creates the channels of a host. */
export function createChannels(transport: Transport, resolver: Resolver): Channels {
  const channels = new Map<string, Channel>()
  const turns = new Map<string, number>()
  const wanted = new Set<string>()
  const unsubscribe = resolver.onChange(() => {
    const known = new Set([...wanted].flatMap((service) => resolver.resolve(service)))
    for (const [address, channel] of channels) {
      if (known.has(address)) continue
      channels.delete(address)
      // Calls under way on it end by themselves: the address is gone, so its host is too.
      channel.close().catch(() => {})
    }
  })
  return {
    pick(service) {
      wanted.add(service)
      const addresses = resolver.resolve(service)
      if (addresses.length === 0) return undefined
      const turn = turns.get(service) ?? 0
      turns.set(service, (turn + 1) % 1_000_000)
      const address = addresses[turn % addresses.length] as string
      let channel = channels.get(address)
      if (channel === undefined) {
        channel = transport.connect(address)
        channels.set(address, channel)
      }
      return channel
    },
    async close() {
      unsubscribe()
      await Promise.allSettled([...channels.values()].map((channel) => channel.close()))
    },
  }
}
