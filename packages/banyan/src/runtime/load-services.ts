/** Loads the services a host runs, and only those; says everything that is wrong in one message. */
import { BanyanError } from '../core/error.ts'
import { checkSystem } from './check-system.ts'
import type { System } from './define-system.ts'
import type { ServiceShape } from './shapes.ts'

/** The services of the system by these names (all of them without names). */
export async function loadServices(
  system: System,
  names: readonly string[] | undefined,
): Promise<readonly ServiceShape[]> {
  const known = system.services.map((entry) => entry.contract.name)
  const unknown = (names ?? []).filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new BanyanError(
      'INVALID_ARGUMENT',
      `system '${system.name}' has no service ${unknown.map((name) => `'${name}'`).join(', ')}`,
      {
        reason: 'UNKNOWN_SERVICE',
        hint: `It has: ${known.join(', ')}.`,
      },
    )
  const chosen = system.services.filter((entry) => names === undefined || names.includes(entry.contract.name))
  const loaded = await Promise.all(chosen.map((entry) => entry.load()))
  checkSystem(system, loaded)
  return loaded as unknown as readonly ServiceShape[]
}
