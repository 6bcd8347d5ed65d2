/**
 * `defineSystem`: which services run together. Services are named with a function that loads them, so that a host loads
 * only what it runs. That every contract which is called or listened to has a service here (or is external) is checked by
 * type, and again when the host starts, since a list may have been widened (check-system.ts).
 */
import { contractName } from '../contract/contract-faults.ts'
import { isContract } from '../contract/define-contract.ts'
import { BanyanError } from '../core/error.ts'
import { isService } from './define-service.ts'
/**
 * Names a service of a system and where it lies. The module must export exactly one service, under any name.
 *
 * @example service(Catalog, () => import('./catalog/service.ts'))
 */
export function service(contract, load) {
  const entry = { $banyan: 'entry', contract, load: () => loadService(contract, load) }
  return Object.freeze(entry)
}
async function loadService(contract, load) {
  const loaded = await load()
  const found = isService(loaded) ? [loaded] : [...new Set(Object.values(loaded ?? {}).filter(isService))]
  const [only] = found
  if (only === undefined || found.length > 1)
    throw invalidSystem(
      `the module of service '${contract.name}' exports ${found.length === 0 ? 'no service' : `${found.length} services`}: it must export exactly one, made by defineService`,
    )
  if (only.contract.name !== contract.name || only.contract.version !== contract.version)
    throw invalidSystem(
      `the module of service '${contract.name}' ${contract.version} exports a service of '${only.contract.name}' ${only.contract.version}`,
    )
  return only
}
/**
 * Defines a system.
 *
 * @example
 * export default defineSystem({ name: 'shop', services: [service(Catalog, () => import('./catalog/service.ts'))] })
 */
export function defineSystem(spec) {
  const services = spec.services.map(toEntry)
  const external = [...(spec.external ?? [])]
  const faults = systemFaults(spec.name, services, external)
  if (faults.length > 0) throw invalidSystem(`system '${spec.name}': ${faults.join('; ')}`)
  return Object.freeze({
    $banyan: 'system',
    name: spec.name,
    services: Object.freeze(services),
    external: Object.freeze(external),
  })
}
function toEntry(given) {
  if (!isService(given)) return given
  return Object.freeze({ $banyan: 'entry', contract: given.contract, load: () => Promise.resolve(given) })
}
function systemFaults(name, services, external) {
  const faults = []
  if (!contractName.test(name)) faults.push(`the name must be lower case letters, digits and '-', a letter first`)
  if (services.length === 0) faults.push('a system needs at least one service')
  const strange = services.findIndex((entry) => entry?.$banyan !== 'entry')
  if (strange >= 0) return [...faults, `services[${strange}] is no service: write service(Contract, () => import('…'))`]
  if (!external.every(isContract)) return [...faults, 'external takes contracts']
  const names = [...services.map((entry) => entry.contract.name), ...external.map((contract) => contract.name)]
  const twice = names.find((one, index) => names.indexOf(one) !== index)
  if (twice !== undefined) faults.push(`'${twice}' is listed twice`)
  return faults
}
/** INVALID_ARGUMENT, reason `INVALID_SYSTEM`. */
export function invalidSystem(message) {
  return new BanyanError('INVALID_ARGUMENT', message, { reason: 'INVALID_SYSTEM' })
}
/** True for what `defineSystem` made, also in another copy of this package. */
export function isSystem(value) {
  return typeof value === 'object' && value !== null && value.$banyan === 'system'
}
