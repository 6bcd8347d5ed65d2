/**
 * Peterson's mutual exclusion for two processes (Information Processing Letters 12(3), 1981), a line at a time: the smallest
 * protocol that needs all of its parts. Without the turn, two that want it block each other; without the flag nobody is kept out.
 */
import type { Action, Model } from '../model.ts'

/** Where a process stands: idle, has said that it wants, has given the turn away, is inside. */
type Place = 'idle' | 'wants' | 'waits' | 'inside'

/** Both processes, their flags, and whose turn it is. */
export interface Peterson {
  readonly at: readonly [Place, Place]
  readonly flag: readonly [boolean, boolean]
  readonly turn: 0 | 1
}

/** Leave a part out to see what it is for. */
export interface PetersonParts {
  readonly turn?: boolean
  readonly flag?: boolean
}

type Process = 0 | 1

function set<Item>(pair: readonly [Item, Item], index: Process, item: Item): readonly [Item, Item] {
  return index === 0 ? [item, pair[1]] : [pair[0], item]
}

function actionsOf(me: Process, parts: PetersonParts): Action<Peterson>[] {
  const other: Process = me === 0 ? 1 : 0
  const is = (place: Place) => (state: Peterson) => state.at[me] === place
  const to = (state: Peterson, place: Place): Peterson => ({ ...state, at: set(state.at, me, place) })
  const mayEnter = ({ flag, turn }: Peterson) =>
    (parts.flag !== false && !flag[other]) || (parts.turn !== false && turn === me) || parts.flag === false
  return [
    {
      name: `process ${me} wants to enter`,
      fair: false,
      guard: is('idle'),
      effect: (state) => ({ ...to(state, 'wants'), flag: set(state.flag, me, true) }),
    },
    {
      name: `process ${me} gives the turn away`,
      guard: is('wants'),
      effect: (state) => ({ ...to(state, 'waits'), turn: parts.turn === false ? state.turn : other }),
    },
    {
      name: `process ${me} enters`,
      guard: (state) => is('waits')(state) && mayEnter(state),
      effect: (state) => to(state, 'inside'),
    },
    {
      name: `process ${me} leaves`,
      guard: is('inside'),
      effect: (state) => ({ ...to(state, 'idle'), flag: set(state.flag, me, false) }),
    },
  ]
}

/** The model, whole or without a part. */
export function petersonModel(parts: PetersonParts = {}): Model<Peterson> {
  return {
    name: 'Peterson',
    initial: [{ at: ['idle', 'idle'], flag: [false, false], turn: 0 }],
    actions: [...actionsOf(0, parts), ...actionsOf(1, parts)],
    invariants: [{ name: 'one at most is inside', holds: ({ at }) => at.some((place) => place !== 'inside') }],
    mayEnd: () => false,
    eventually: ([0, 1] as const).map((me) => ({
      name: `process ${me} enters once it wants to`,
      from: ({ at }: Peterson) => at[me] === 'wants',
      goal: ({ at }: Peterson) => at[me] === 'inside',
    })),
  }
}
