/**
 * Dijkstra's dining philosophers: each needs the fork on both sides. All take the left one first, and all wait for ever; with one
 * who begins on the right nobody does.
 */
import type { Action, Model } from '../model.ts'
import { toStateKey } from '../state-key.ts'

/** Who holds each fork; fork i lies between i and i − 1. Undefined when it lies on the table. */
export interface Table {
  readonly forks: readonly (number | undefined)[]
  readonly ate: readonly boolean[]
}

/** How many there are, and whether the last one begins on the right. */
export interface Dinner {
  readonly seats: number
  readonly oneBeginsRight: boolean
}

function actionsOf(me: number, { seats, oneBeginsRight }: Dinner): Action<Table>[] {
  const left = me
  const right = (me + 1) % seats
  const [first, second] = oneBeginsRight && me === seats - 1 ? [right, left] : [left, right]
  const lies = ({ forks }: Table, fork: number): boolean => forks[fork] === undefined
  const holds = ({ forks }: Table, fork: number): boolean => forks[fork] === me
  const put = (table: Table, fork: number, whose: number | undefined): Table => ({
    ...table,
    forks: table.forks.with(fork, whose),
  })
  return [
    {
      name: `${me} takes the first fork`,
      guard: (table) => lies(table, first) && !holds(table, second),
      effect: (table) => put(table, first, me),
    },
    {
      name: `${me} takes the second fork`,
      guard: (table) => lies(table, second) && holds(table, first),
      effect: (table) => put({ ...table, ate: table.ate.with(me, true) }, second, me),
    },
    {
      name: `${me} puts both down`,
      guard: (table) => holds(table, left) && holds(table, right),
      effect: (table) => put(put(table, left, undefined), right, undefined),
    },
  ]
}

/** The model; `symmetric` takes seatings for one that are equal when the table is turned. */
export function philosophersModel(dinner: Dinner, symmetric = false): Model<Table> {
  const seats = Array.from({ length: dinner.seats }, (_, index) => index)
  return {
    name: 'philosophers',
    initial: [{ forks: seats.map(() => undefined), ate: seats.map(() => false) }],
    actions: seats.flatMap((me) => actionsOf(me, dinner)),
    mayEnd: () => false,
    symmetric,
    ...(symmetric && { key: (table: Table) => toStateKey(turned(table)) }),
  }
}

/** The table turned by each number of seats; the one whose text comes first stands for all. */
function turned(table: Table): Table {
  const seats = table.forks.length
  const turns = table.forks.map((_, by) => ({
    forks: table.forks.map((_, seat) => {
      const whose = table.forks[(seat + by) % seats]
      return whose === undefined ? undefined : (whose - by + seats) % seats
    }),
    ate: table.ate.map((_, seat) => table.ate[(seat + by) % seats] as boolean),
  }))
  return turns.reduce((least, one) => (JSON.stringify(one) < JSON.stringify(least) ? one : least))
}
