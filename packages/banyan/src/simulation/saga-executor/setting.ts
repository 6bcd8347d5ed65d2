/** What every action of the model is made with. */
import type { Action } from '../model.ts'
import type { Program } from './program.ts'
import type { Rules } from './rules.ts'
import type { Host, Size, State } from './state.ts'
import { isEnded } from './store.ts'

export interface Setting {
  readonly size: Size
  readonly program: Program
  readonly rules: Rules
}

/** Who acts: the executor and the network go on by themselves; faults, choices and people need not happen. */
export type Kind = 'executor' | 'network' | 'time' | 'fault' | 'repair' | 'choice' | 'person'

export type SagaAction = Action<State> & { readonly kind: Kind }

/** An action of one host: what it does when it is up. */
export function byHost(
  index: number,
  kind: Kind,
  what: string,
  guard: (host: Host, state: State) => boolean,
  effect: (host: Host, state: State) => State,
): SagaAction {
  const hostOf = (state: State): Host => state.hosts[index] as Host
  const possible = (state: State): boolean => hostOf(state).life === 'up' && guard(hostOf(state), state)
  return {
    name: `host ${index + 1} ${what}`,
    kind,
    ...fairness(kind),
    guard: kind === 'fault' ? (state) => mayFail(state) && possible(state) : possible,
    effect: (state) => pay(effect(hostOf(state), state), kind),
  }
}

/** An action of the surroundings. */
export function byWorld(
  kind: Kind,
  name: string,
  guard: SagaAction['guard'],
  effect: SagaAction['effect'],
): SagaAction {
  return {
    name,
    kind,
    ...fairness(kind),
    guard: kind === 'fault' ? (state) => mayFail(state) && guard(state) : guard,
    effect: (state) => pay(effect(state), kind),
  }
}

function fairness(kind: Kind): { readonly fair: boolean } {
  return { fair: kind === 'executor' || kind === 'network' || kind === 'time' }
}

// What fails after the end of the run could only keep from arriving what is late already.
function mayFail({ row, faultsLeft }: State): boolean {
  return faultsLeft > 0 && !isEnded(row)
}

// Faults are counted, all kinds together, so that the model ends.
function pay(state: State, kind: Kind): State {
  return kind === 'fault' ? { ...state, faultsLeft: state.faultsLeft - 1 } : state
}
