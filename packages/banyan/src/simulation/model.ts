/**
 * What a protocol is to the explorer: initial states, actions that lead from one to the next, and what must hold. States are
 * plain immutable data, so that two of them can be compared, kept, and printed; an effect returns a new one.
 *
 * Each action is deterministic. What may turn out in several ways (a message is delivered, or lost) is several actions.
 */

/** One kind of thing that can happen. */
export interface Action<State> {
  /** Says in a trace what happened, so it names who and what: `host 2 takes the run`. */
  readonly name: string
  /** For goals that are to be reached by some actions alone: `fault`, `time`, `person` … */
  readonly kind?: string
  /** When it can happen. An effect that changes nothing counts as one that cannot happen. */
  readonly guard: (state: State) => boolean
  /** The state after it; must not change the one it is given. */
  readonly effect: (state: State) => State
  /** Happens eventually if it stays possible for ever (weak fairness). Default true; false for faults and for people. */
  readonly fair?: boolean
}

/** What must hold in every reachable state. */
export interface Invariant<State> {
  /** A sentence. */
  readonly name: string
  readonly holds: (state: State) => boolean
}

/** What must hold of every step from a reachable state to the next. */
export interface StepInvariant<State> {
  /** A sentence. */
  readonly name: string
  readonly holds: (before: State, after: State, action: Action<State>) => boolean
}

/** A good state that must stay in reach, or be reached. */
export interface Goal<State> {
  /** A sentence. */
  readonly name: string
  /** Where it must be so; everywhere when left out. */
  readonly from?: (state: State) => boolean
  readonly goal: (state: State) => boolean
  /** The actions that may be used to get there; all when left out. Only for `reachable`. */
  readonly by?: (action: Action<State>) => boolean
}

/**
 * A protocol and its properties, for {@link checkModel}.
 *
 * @example
 * const light: Model<{ readonly on: boolean }> = {
 *   name: 'light',
 *   initial: [{ on: false }],
 *   actions: [
 *     { name: 'switch on', guard: ({ on }) => !on, effect: () => ({ on: true }) },
 *     { name: 'switch off', guard: ({ on }) => on, effect: () => ({ on: false }) },
 *   ],
 * }
 * checkModel(light).states // 2
 */
export interface Model<State> {
  readonly name: string
  readonly initial: readonly State[]
  readonly actions: readonly Action<State>[]
  readonly invariants?: readonly Invariant<State>[]
  readonly steps?: readonly StepInvariant<State>[]
  /** Where it is right that nothing can happen any more. When left out, it is right everywhere. */
  readonly mayEnd?: (state: State) => boolean
  /** From each state of `from` a way leads to the goal: nothing that has happened has made it impossible. */
  readonly reachable?: readonly Goal<State>[]
  /** From each state of `from` the goal is reached, whatever happens, if fair actions are not put off for ever. */
  readonly eventually?: readonly Goal<State>[]
  /** What makes two states the same. Default {@link toStateKey}; one made for the model is faster. */
  readonly key?: (state: State) => string
  /**
   * `key` is one for states that are equal but for names (hosts sorted, references renamed): fewer states. Properties and `by`
   * must then not depend on the names. Not with `eventually`: fairness is by action, and actions carry names.
   */
  readonly symmetric?: boolean
  /** A state in a trace, in a few words; default its fields that changed. */
  readonly describe?: (state: State) => string
}
