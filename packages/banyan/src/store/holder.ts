/**
 * Who holds a lease: `<instance>#<incarnation>`. An instance is a place in the topology (host 'orders'), an incarnation one
 * run of it. A new incarnation takes over at once what an earlier one of its instance held, since that one is dead or about
 * to be; the epoch is raised, so if it is not dead after all, it is fenced. Without a '#' the whole of it is the instance.
 */

/** True when both are runs of one instance. */
export function isSameInstance(a: string, b: string): boolean {
  return a.split('#', 1)[0] === b.split('#', 1)[0]
}
