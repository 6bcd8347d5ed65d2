/** Which services share a host: the one thing that changes when a system is split. Pure, so that it can be shown and tested. */
import { BanyanError } from '../core/error.ts'

/** How a system is cut into hosts: every service alone, or these alone and the rest together. Empty: one host. */
export type Split = 'all' | readonly string[]

/** One host to run. */
export interface HostPlan {
  /** Unique in its topology; stable over restarts. */
  readonly name: string
  readonly services: readonly string[]
  /** Whether the gateway runs here. */
  readonly gateway: boolean
}

/** The host of everything that is not split off. */
export const mainHostName = 'main'
/** The gateway's host, once anything is split off. */
export const gatewayHostName = 'gateway'

/**
 * Plans the hosts of a system. In one-process shape there is one, gateway included; when anything is split off, the gateway
 * is a host of its own, so that it outlives each of them. Throws INVALID_ARGUMENT for a service the system does not have.
 *
 * @example planTopology(['a', 'b', 'c'], ['b']) // hosts gateway, main (a, c), b
 */
export function planTopology(services: readonly string[], split: Split): readonly HostPlan[] {
  const apart = split === 'all' ? services : [...new Set(split)]
  const unknown = apart.filter((name) => !services.includes(name))
  if (unknown.length > 0) throw unknownServices(unknown, services)
  if (apart.length === 0) return [{ name: mainHostName, services, gateway: true }]
  const rest = services.filter((name) => !apart.includes(name))
  const taken = new Set(services)
  const free = (name: string): string => (taken.has(name) ? `${name}-host` : name)
  return [
    { name: free(gatewayHostName), services: [], gateway: true },
    ...(rest.length === 0 ? [] : [{ name: free(mainHostName), services: rest, gateway: false }]),
    ...services.filter((name) => apart.includes(name)).map((name) => ({ name, services: [name], gateway: false })),
  ]
}

/** Reads `all`, `none` or `a,b` as people write it in flags and variables. */
export function parseSplit(text: string): Split {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (names.length === 1 && names[0] === 'all') return 'all'
  return names.length === 1 && names[0] === 'none' ? [] : names
}

function unknownServices(unknown: readonly string[], services: readonly string[]): BanyanError {
  const listed = unknown.map((name) => `'${name}'`).join(', ')
  return new BanyanError('INVALID_ARGUMENT', `cannot split off ${listed}: the system has no such service`, {
    reason: 'UNKNOWN_SERVICE',
    hint: `It has: ${services.join(', ')}; or say 'all'.`,
  })
}
