/** Kept connections to external systems: one client for each network and origin, a bounded number of them. */
import type { HttpAnswer, HttpCall, HttpClient, Network } from '../core/environment/network.ts'

/** Origins of one network that connections are kept to. */
export const maxExternalOrigins = 64

interface Kept {
  readonly client: HttpClient
  underWay: number
}

/** Clients by network: they live as long as it does, and tests with networks of their own share nothing. */
const kept = new WeakMap<Network, Map<string, Kept>>()

/** The client of an origin; the one that was used longest ago makes room, unless all are at work. */
function clientOf(network: Network, origin: string): Kept {
  const clients = kept.get(network) ?? new Map<string, Kept>()
  kept.set(network, clients)
  const found = clients.get(origin)
  if (found !== undefined) {
    clients.delete(origin)
    clients.set(origin, found)
    return found
  }
  const made: Kept = { client: network.connect(origin), underWay: 0 }
  if (clients.size >= maxExternalOrigins) {
    const idle = [...clients].find(([, { underWay }]) => underWay === 0)
    if (idle === undefined) return made
    clients.delete(idle[0])
    void idle[1].client.close()
  }
  clients.set(origin, made)
  return made
}

/** Sends one request over a kept connection. */
export async function sendExternal(network: Network, origin: string, call: HttpCall): Promise<HttpAnswer> {
  const one = clientOf(network, origin)
  one.underWay += 1
  try {
    return await one.client.send(call)
  } finally {
    one.underWay -= 1
    if (one.underWay === 0 && kept.get(network)?.get(origin) !== one) void one.client.close()
  }
}
