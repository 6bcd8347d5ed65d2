/**
 * Aggregates tested as they are thought: given what has happened, when a command comes, then this follows. No store, no
 * clock, no waiting. What is given and what follows passes the schemas as it would on its way into a stream, and states are
 * frozen, so a function that changes what it was given fails here and not in production.
 */
import { AssertionError, deepStrictEqual } from 'node:assert'
import { BanyanError } from '../core/error.ts'
import type { AnyAggregate, CommandOf, GivenOf, InputOf, StateOf } from '../event-sourcing/aggregate.ts'
import { toDecision } from '../event-sourcing/aggregate-session.ts'
import { freeze } from '../event-sourcing/define-aggregate.ts'
import { codecOf, type Fact } from '../event-sourcing/fact-codec.ts'

/** What has happened. */
export interface Given<A extends AnyAggregate> {
  /** The state that it adds up to. */
  readonly state: StateOf<A>
  /** A command comes. */
  when<K extends CommandOf<A>>(command: K, input: InputOf<A, K>): When<A>
}

/** A command has come; to be asked once for what follows. */
export interface When<A extends AnyAggregate> {
  /** These events follow, exactly; `[]` for none. Throws an AssertionError otherwise. */
  then(events: readonly GivenOf<A>[]): void
  /** The command is refused with an error of this reason (and, when given, these details). */
  thenFails(reason: string, details?: unknown): void
  /** This is the state afterwards. */
  thenState(state: StateOf<A>): void
}

/**
 * Starts from what has happened to an aggregate.
 *
 * @example
 * given(Account, [{ type: 'deposited', data: { amount: 5 } }])
 *   .when('withdraw', { amount: 3 })
 *   .then([{ type: 'withdrawn', data: { amount: 3 } }])
 * given(Account, []).when('withdraw', { amount: 3 }).thenFails('OVERDRAWN', { balance: 0 })
 */
export function given<A extends AnyAggregate>(aggregate: A, events: readonly GivenOf<A>[], id = 'given'): Given<A> {
  const codec = codecOf(aggregate)
  const evolve = (before: unknown, facts: readonly Fact[]): unknown =>
    facts.reduce(
      (state, fact) => freeze(aggregate.evolve(state as never, freeze(codec.reread(codec.write(id, fact))) as never)),
      before,
    )
  const state = evolve(aggregate.initial, events as readonly Fact[])

  return {
    state: state as StateOf<A>,
    when(command, input) {
      const outcome = attempt(() => {
        const facts = toDecision(aggregate, id, command, input)(state)
        // Checked, and as they would be stored: without what their schemas do not know.
        return facts.map((fact) => ({ type: fact.type, data: codec.write(id, fact).data }))
      })
      return {
        then(expected) {
          if (typeof expected === 'function') throw new TypeError('say what follows: .then([ … ]), and do not await it')
          deepStrictEqual(
            succeeded(outcome),
            expected.map((fact) => ({ ...(fact as Fact) })),
          )
        },
        thenFails(reason, ...details) {
          const error = failed(outcome)
          if (error.reason !== reason)
            throw new AssertionError({
              message: `expected to fail with '${reason}', but: ${error.message}`,
              actual: error.reason,
              expected: reason,
              operator: 'thenFails',
            })
          if (details.length > 0) deepStrictEqual(error.details, details[0])
        },
        thenState: (expected) => deepStrictEqual(evolve(state, succeeded(outcome)), expected),
      }
    },
  }
}

type Outcome = { readonly facts: readonly Fact[] } | { readonly error: unknown }

function attempt(decide: () => readonly Fact[]): Outcome {
  try {
    return { facts: decide() }
  } catch (error) {
    return { error }
  }
}

function succeeded(outcome: Outcome): readonly Fact[] {
  if ('error' in outcome) throw outcome.error
  return outcome.facts
}

function failed(outcome: Outcome): BanyanError {
  if ('error' in outcome) {
    if (outcome.error instanceof BanyanError) return outcome.error
    throw outcome.error
  }
  throw new AssertionError({
    message: `expected to fail, but these events follow: ${JSON.stringify(outcome.facts)}`,
    operator: 'thenFails',
  })
}
