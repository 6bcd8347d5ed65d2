/** `defineAggregate`: a description, checked and frozen. Nothing is opened here. */
import type { None } from '../contract/operation.ts'
import type { AnySchema } from '../contract/schema.ts'
import { BanyanError } from '../core/error.ts'
import { isolate } from '../schema/index.ts'
import type { AggregateSpec, AnyAggregate, DefinedAggregate, FactSources } from './aggregate.ts'
import { aggregateFaults } from './aggregate-faults.ts'

/**
 * Defines an aggregate. All that is wrong with it is said in one {@link BanyanError} (INVALID_ARGUMENT, reason
 * `INVALID_AGGREGATE`).
 *
 * @example
 * export const Account = defineAggregate('account', {
 *   events: { deposited: t.Object({ amount: t.Integer() }), withdrawn: t.Object({ amount: t.Integer() }) },
 *   initial: { balance: 0 },
 *   evolve: (state, { type, data }) => ({ balance: state.balance + (type === 'deposited' ? data.amount : -data.amount) }),
 *   commands: { withdraw: t.Object({ amount: t.Integer({ minimum: 1 }) }) },
 *   decide: {
 *     withdraw({ balance }, { amount }) {
 *       if (amount > balance) throw new Accounts.withdraw.errors.OVERDRAWN({ balance })
 *       return [{ type: 'withdrawn', data: { amount } }]
 *     },
 *   },
 *   snapshot: { everyEvents: 100, schemaVersion: 1 },
 * })
 */
export function defineAggregate<
  const Name extends string,
  const Facts extends FactSources,
  State,
  Commands extends Readonly<Record<string, AnySchema>> = None,
>(name: Name, spec: AggregateSpec<Facts, State, Commands>): DefinedAggregate<Name, Facts, State, Commands> {
  const faults = aggregateFaults(name, spec)
  if (faults.length > 0)
    throw new BanyanError(
      'INVALID_ARGUMENT',
      `aggregate '${name}':\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
      { reason: 'INVALID_AGGREGATE' },
    )
  return Object.freeze({
    $banyan: 'aggregate',
    name,
    // Shared by everybody who loads one that does not exist yet, so nobody may change it.
    initial: freeze(isolate(spec.initial)),
    events: Object.freeze({ ...spec.events }),
    evolve: spec.evolve,
    commands: Object.freeze({ ...spec.commands }),
    decide: Object.freeze({ ...spec.decide }),
    snapshot: spec.snapshot && Object.freeze({ ...spec.snapshot }),
    upcast: Object.freeze({ ...spec.upcast }),
  }) as never
}

/** True for what `defineAggregate` made, also in another copy of this package. */
export function isAggregate(value: unknown): value is AnyAggregate {
  return typeof value === 'object' && value !== null && (value as { $banyan?: unknown }).$banyan === 'aggregate'
}

/** A JSON value that nobody can change any more. */
export function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}
