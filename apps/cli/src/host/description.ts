/** What a parent needs to know of a system, without loading it. */
import type { System } from 'banyan/runtime'

/** See the top of the file. */
export interface SystemDescription {
  readonly name: string
  readonly services: readonly { readonly name: string; readonly version: string; readonly owner: string }[]
}

/** The description of a loaded system. */
export function toDescription({ name, services }: System): SystemDescription {
  return {
    name,
    services: services.map(({ contract }) => ({
      name: contract.name,
      version: contract.version,
      owner: contract.owner,
    })),
  }
}

/** Equal for descriptions that lead to the same hosts and databases. */
export function shapeOf(system: SystemDescription): string {
  return [system.name, ...system.services.map(({ name }) => name)].join()
}
