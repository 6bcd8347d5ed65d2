/** Discovery, first form: which addresses a service has just now, told by whoever knows (the parent's registry, a file, an operator). */

/** Knows where services are. */
export interface Resolver {
  /** Addresses of the service, ready ones only; empty when none is known. */
  resolve(service: string): readonly string[]
  /** Calls back after every change; the function returned ends it. */
  onChange(listener: () => void): () => void
}

/** A resolver whose answers are set from outside. */
export interface StaticResolver extends Resolver {
  /** Replaces everything that is known. */
  set(addresses: Readonly<Record<string, readonly string[]>>): void
}

/** Creates one; everything is unknown until set. */
export function createStaticResolver(initial: Readonly<Record<string, readonly string[]>> = {}): StaticResolver {
  const listeners = new Set<() => void>()
  let known = new Map(Object.entries(initial))
  return {
    resolve: (service) => known.get(service) ?? [],
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    set(addresses) {
      known = new Map(Object.entries(addresses))
      for (const listener of listeners) listener()
    },
  }
}
