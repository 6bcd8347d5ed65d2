/** The registry of one machine: who serves what, told by the hosts themselves, told on to all of them. */

/** What a host says of itself. */
export interface Registration {
  readonly host: string
  readonly services: readonly string[]
  /** Where other hosts reach it; undefined while it does not listen. */
  readonly address: string | undefined
  readonly ready: boolean
}

/** Addresses by service, ready hosts only, in an order that does not change by itself. */
export type Addresses = Readonly<Record<string, readonly string[]>>

/** See the top of the file. */
export interface Registry {
  /** Replaces what is known of a host. */
  register(registration: Registration): void
  /** Forgets a host: it ended, or will. */
  remove(host: string): void
  addresses(): Addresses
}

function toAddresses(registrations: Iterable<Registration>): Addresses {
  const known: Record<string, string[]> = {}
  for (const { services, address, ready } of registrations) {
    if (!ready || address === undefined) continue
    for (const service of services) {
      known[service] ??= []
      known[service].push(address)
    }
  }
  for (const list of Object.values(known)) list.sort()
  return known
}

const textOf = (addresses: Addresses): string =>
  JSON.stringify(Object.entries(addresses).sort(([one], [other]) => (one < other ? -1 : 1)))

/** Creates an empty registry. `onChange` is called after every change of what `addresses` answers, and only then. */
export function createRegistry(onChange: (addresses: Addresses) => void): Registry {
  const registrations = new Map<string, Registration>()
  let current: Addresses = {}
  const changed = (): void => {
    const next = toAddresses(registrations.values())
    if (textOf(next) === textOf(current)) return
    current = next
    onChange(current)
  }
  return {
    register(registration) {
      registrations.set(registration.host, registration)
      changed()
    },
    remove(host) {
      if (registrations.delete(host)) changed()
    },
    addresses: () => current,
  }
}
