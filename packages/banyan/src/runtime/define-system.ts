/**
 * `defineSystem`: which services run together. Services are named with a function that loads them, so that a host loads
 * only what it runs. That every contract which is called or listened to has a service here (or is external) is checked by
 * type, and again when the host starts, since a list may have been widened (check-system.ts).
 */

import { contractName } from '../contract/contract-faults.ts'
import { type AnyContract, isContract } from '../contract/define-contract.ts'
import { BanyanError } from '../core/error.ts'
import { isService, type Service, type ServiceLike } from './service.ts'
import { isWebhook, type Webhook } from './webhook.ts'

/** A service of a system, not loaded yet. */
export interface ServiceEntry<
  out Name extends string = string,
  out Calls extends string = string,
  out Sources extends string = string,
> extends ServiceLike<Name, Calls, Sources> {
  readonly $banyan: 'entry'
  /** Imports the module and finds the service in it. */
  readonly load: () => Promise<Service>
}

/** A system: the services that run together. */
export interface System<out Name extends string = string> {
  readonly $banyan: 'system'
  readonly name: Name
  readonly services: readonly ServiceEntry[]
  /** Contracts that are served elsewhere. */
  readonly external: readonly AnyContract[]
  /** Where systems of others tell this one what happened; served by the gateway. */
  readonly webhooks: readonly Webhook[]
}

type Members<M> = M extends Service ? M : Extract<M[keyof M], Service>
type ServiceOf<L> = L extends () => Promise<infer M> ? Members<M> : never

/** The loading function itself when its module exports a service of the contract, else a message. */
export type CheckedLoad<L, Name extends string> = [ServiceOf<L>] extends [never]
  ? `this module exports no service: export what defineService gives`
  : ServiceOf<L> extends { readonly contract: { readonly name: Name } }
    ? L
    : `this module exports the service of another contract than '${Name}'`

/**
 * Names a service of a system and where it lies. The module must export exactly one service, under any name.
 *
 * @example service(Catalog, () => import('./catalog/service.ts'))
 */
export function service<const Name extends string, L extends () => Promise<unknown>>(
  contract: AnyContract & { readonly name: Name },
  load: CheckedLoad<L, Name>,
): ServiceEntry<Name, CallsOf<ServiceOf<L>>, SourcesOf<ServiceOf<L>>> {
  const entry = { $banyan: 'entry', contract, load: () => loadService(contract, load as () => Promise<unknown>) }
  return Object.freeze(entry) as never
}

async function loadService(contract: AnyContract, load: () => Promise<unknown>): Promise<Service> {
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

type CallsOf<S> = S extends { readonly '~needs': { readonly calls: infer Calls extends string } } ? Calls : never
type SourcesOf<S> = S extends { readonly '~needs': { readonly sources: infer Sources extends string } }
  ? Sources
  : never
type NamesOf<S extends readonly ServiceLike[], X extends readonly AnyContract[]> =
  | S[number]['contract']['name']
  | X[number]['name']

/** The list itself when it is complete, else a message that names what is missing. */
export type CheckedServices<S extends readonly ServiceLike[], X extends readonly AnyContract[]> = [
  Exclude<CallsOf<S[number]>, NamesOf<S, X>>,
] extends [never]
  ? [Exclude<SourcesOf<S[number]>, NamesOf<S, X>>] extends [never]
    ? S
    : `'${Exclude<SourcesOf<S[number]>, NamesOf<S, X>>}' is listened to but has no service here: add it, or list its contract in 'external'`
  : `'${Exclude<CallsOf<S[number]>, NamesOf<S, X>>}' is called but has no service here: add it, or list its contract in 'external'`

/** What {@link defineSystem} takes. */
export interface SystemSpec<Name extends string, S extends readonly ServiceLike[], X extends readonly AnyContract[]> {
  /** Lower case letters, digits and '-'. Part of the names of databases and roles. */
  readonly name: Name
  /** Entries made by {@link service}, or services themselves where loading everything is fine (tests). */
  readonly services: CheckedServices<S, X>
  /** Contracts that are called or listened to and served by another system. */
  readonly external?: X
  /** Where systems of others tell this one what happened: made by `defineWebhook` of `banyan/gateway`, which serves them. */
  readonly webhooks?: readonly Webhook[]
}

/**
 * Defines a system.
 *
 * @example
 * export default defineSystem({ name: 'shop', services: [service(Catalog, () => import('./catalog/service.ts'))] })
 */
export function defineSystem<
  const Name extends string,
  const S extends readonly ServiceLike[],
  const X extends readonly AnyContract[] = readonly [],
>(spec: SystemSpec<Name, S, X>): System<Name> {
  const services = (spec.services as unknown as readonly (ServiceEntry | Service)[]).map(toEntry)
  const external = [...(spec.external ?? [])]
  const webhooks = [...(spec.webhooks ?? [])]
  const faults = [...systemFaults(spec.name, services, external), ...webhookFaults(webhooks, services)]
  if (faults.length > 0) throw invalidSystem(`system '${spec.name}': ${faults.join('; ')}`)
  return Object.freeze({
    $banyan: 'system',
    name: spec.name,
    services: Object.freeze(services),
    external: Object.freeze(external),
    webhooks: Object.freeze(webhooks),
  })
}

function toEntry(given: ServiceEntry | Service): ServiceEntry {
  if (!isService(given)) return given
  return Object.freeze({ $banyan: 'entry', contract: given.contract, load: () => Promise.resolve(given) }) as never
}

function systemFaults(
  name: string,
  services: readonly ServiceEntry[],
  external: readonly AnyContract[],
): readonly string[] {
  const faults: string[] = []
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

function webhookFaults(webhooks: readonly Webhook[], services: readonly ServiceEntry[]): readonly string[] {
  if (!webhooks.every(isWebhook)) return ['webhooks takes what defineWebhook made']
  const served = new Set(services.map((entry) => entry?.contract?.name))
  return webhooks
    .filter(({ to }) => !served.has(to.contract))
    .map(({ name, to }) => `webhook '${name}' calls '${to.contract}.${to.name}', which no service here has`)
}

/** INVALID_ARGUMENT, reason `INVALID_SYSTEM`. */
export function invalidSystem(message: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', message, { reason: 'INVALID_SYSTEM' })
}

/** True for what `defineSystem` made, also in another copy of this package. */
export function isSystem(value: unknown): value is System {
  return typeof value === 'object' && value !== null && (value as { $banyan?: unknown }).$banyan === 'system'
}
