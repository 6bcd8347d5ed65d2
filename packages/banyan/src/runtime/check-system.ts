/**
 * The same question that `defineSystem` asks by type, asked of what was really loaded: does everything that is called or
 * listened to have a service here?
 */
import type { Callable } from './context.ts'
import { invalidSystem, type System } from './define-system.ts'
import type { Service } from './service.ts'

function nameOf(callable: Callable): string {
  return '$banyan' in callable ? callable.name : callable.contract
}

/** What the loaded services need and the system does not have, a line each. */
export function systemNeeds(system: System, loaded: readonly Service[]): readonly string[] {
  const known = new Set([...system.services.map((entry) => entry.contract.name), ...system.external.map((c) => c.name)])
  const lines = loaded.flatMap((service) => {
    const from = service.contract.name
    const called = service.calls.map(nameOf).filter((name) => !known.has(name))
    const events = [...service.subscriptions, ...service.projections.flatMap(({ handlers }) => handlers)]
    const sources = events.map(({ event }) => event.contract).filter((name) => !known.has(name))
    return [
      ...called.map((name) => `'${name}' is called by '${from}' but has no service here`),
      ...sources.map((name) => `'${name}' is listened to by '${from}' but has no service here`),
    ]
  })
  return [...new Set(lines)]
}

/**
 * Throws INVALID_ARGUMENT (reason `INVALID_SYSTEM`) when something that the loaded services call or listen to is neither a
 * service of the system nor external. A host that runs a part of the system checks that part.
 *
 * @example checkSystem(system, await Promise.all(system.services.map((entry) => entry.load())))
 */
export function checkSystem(system: System, loaded: readonly Service[]): void {
  const needs = systemNeeds(system, loaded)
  if (needs.length === 0) return
  throw invalidSystem(
    `system '${system.name}' is not complete:\n${needs.map((line) => `  - ${line}: add it, or list its contract in 'external'`).join('\n')}`,
  )
}
