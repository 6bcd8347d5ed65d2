/**
 * `defineContract`: the public face of one service, as frozen data. It is the only thing that another service may import,
 * so it imports nothing but schemas, and it is browser-safe.
 */
import { BanyanError } from '../core/error.ts'
import { contractFaults } from './contract-faults.ts'
import type { Event } from './event.ts'
import type { None, Operation, Owned } from './operation.ts'

/** What {@link defineContract} takes. */
export interface ContractSpec<Ops, Evs> {
  /** Semantic version. The major is part of every name on the wire. */
  readonly version: `${number}.${number}.${number}`
  /** The team that answers for it. */
  readonly owner: string
  readonly about?: string
  /** The words of this context and what they mean here. */
  readonly terms?: Readonly<Record<string, string>>
  readonly operations: {
    readonly [K in keyof Ops]: K extends Reserved
      ? `'${K}' is a member of every contract: give this operation another name`
      : K extends `$${string}`
        ? `'${K}' starts with '$': such names belong to Banyan`
        : Ops[K]
  }
  readonly events?: Evs
}

/** The contract's own members; an operation may not have the name of one of these. */
export interface ContractMembers<Name extends string, Ops, Evs> {
  readonly $banyan: 'contract'
  readonly name: Name
  readonly version: string
  /** The major of `version`. */
  readonly major: number
  readonly owner: string
  readonly about?: string
  readonly terms: Readonly<Record<string, string>>
  readonly operations: { readonly [K in keyof Ops]: Ops[K] & Owned<Name, K> }
  readonly events: { readonly [K in keyof Evs]: Evs[K] & Owned<Name, K> }
}

/** Names that no operation may have. */
export type Reserved =
  | 'name'
  | 'version'
  | 'major'
  | 'owner'
  | 'about'
  | 'terms'
  | 'operations'
  | 'events'
  | 'errors'
  | 'then'
  | 'toJSON'
  | 'constructor'
  | 'prototype'

/** A contract: its own members, and every operation as a member. */
export type Contract<Name extends string = string, Ops = unknown, Evs = unknown> = ContractMembers<Name, Ops, Evs> & {
  readonly [K in keyof Ops]: Ops[K] & Owned<Name, K>
}

/** Any contract, for code that works on all of them. */
export type AnyContract = ContractMembers<string, unknown, unknown>

/** An operation of some contract, for code that works on all of them. */
export type AnyOperation = Operation & Owned<string, string>

/** An event of some contract, for code that works on all of them. */
export type AnyEvent = Event & Owned<string, string>

/** The operations of any contract, as a list. */
export function operationsOf(contract: AnyContract): readonly AnyOperation[] {
  return Object.values(contract.operations as Record<string, AnyOperation>)
}

/** The events of any contract, as a list. */
export function eventsOf(contract: AnyContract): readonly AnyEvent[] {
  return Object.values(contract.events as Record<string, AnyEvent>)
}

/** True for what `defineContract` made, also in another copy of this package. */
export function isContract(value: unknown): value is AnyContract {
  return typeof value === 'object' && value !== null && (value as { $banyan?: unknown }).$banyan === 'contract'
}

type Members = Readonly<Record<string, object>>

function own(members: Members, facts: (name: string, member: object) => object): Members {
  return Object.freeze(
    Object.fromEntries(
      Object.entries(members).map(([name, member]) => [
        name,
        Object.freeze({ ...member, name, ...facts(name, member) }),
      ]),
    ),
  )
}

/**
 * Defines the public face of a service. All that is wrong with it is said in one {@link BanyanError} (INVALID_ARGUMENT,
 * reason `INVALID_CONTRACT`).
 *
 * @example
 * export const Inventory = defineContract('inventory', {
 *   version: '1.0.0',
 *   owner: 'warehouse-team',
 *   operations: {
 *     level: query({ input: t.Object({ sku: t.String() }), output: t.Object({ available: t.Integer() }), http: 'GET /inventory/:sku' }),
 *   },
 *   events: { reserved: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }) },
 * })
 */
export function defineContract<
  const Name extends string,
  Ops extends Readonly<Record<string, { readonly kind: 'command' | 'query' }>>,
  Evs extends Readonly<Record<string, { readonly kind: 'event' }>> = None,
>(name: Name, spec: ContractSpec<Ops, Evs>): Contract<Name, Ops, Evs> {
  const faults = contractFaults(name, spec)
  if (faults.length > 0) throw invalidContract(name, faults)
  const major = Number.parseInt(spec.version, 10)
  const operations = own(spec.operations as Members, (operation) => ({
    contract: name,
    major,
    wire: `${name}.v${major}/${operation}`,
  }))
  const events = own((spec.events ?? {}) as Members, (event, member) => ({
    contract: name,
    wire: `${name}.${event}.v${(member as { readonly major: number }).major}`,
  }))
  return Object.freeze({
    $banyan: 'contract',
    name,
    version: spec.version,
    major,
    owner: spec.owner,
    ...(spec.about === undefined ? {} : { about: spec.about }),
    terms: Object.freeze({ ...spec.terms }),
    ...operations,
    operations,
    events,
  }) as never
}

function invalidContract(name: string, faults: readonly string[]): BanyanError {
  const many = faults.length === 1 ? 'a fault' : `${faults.length} faults`
  return new BanyanError(
    'INVALID_ARGUMENT',
    `contract '${name}' has ${many}:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    {
      reason: 'INVALID_CONTRACT',
    },
  )
}
