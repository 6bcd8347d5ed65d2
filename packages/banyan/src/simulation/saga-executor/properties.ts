/**
 * What the executor promises, each as a sentence. Names begin with the letter under which docs/decisions/0020-saga-model.md
 * explains them.
 */
import type { Goal, Invariant, StepInvariant } from '../model.ts'
import { type Program, readJournal } from './program.ts'
import type { Setting } from './setting.ts'
import type { State } from './state.ts'
import { isActive, isEnded } from './store.ts'

const isFree = ({ row }: State): boolean => row.holder < 0 && isActive(row)
const present = (letter: string | undefined): boolean => letter === 'D' || letter === '2'
const isThere = (state: State, seq: number): boolean => present(state.participants[seq])

/** What holds in every state. */
export function sagaInvariants({ program }: Setting): Invariant<State>[] {
  return [...ofWrites(program), ...ofEffects(program), ...ofWaiting(program)]
}

function ofWrites(program: Program): Invariant<State>[] {
  return [
    {
      name: 'a: a write is accepted only from the host that holds the run, under the epoch in which it does',
      holds: ({ row }) => row.breach === undefined,
    },
    {
      name: 'b: each operation has one outcome, each undo too',
      holds: ({ row }) => readJournal(program, row.journal).isSingle,
    },
    {
      name: 'b: what a host takes for durable is how the journal begins',
      holds: ({ row, hosts }) => hosts.every(({ view, durable }) => row.journal.startsWith(view.slice(0, durable))),
    },
  ]
}

function ofEffects(program: Program): Invariant<State>[] {
  const { steps } = program
  return [
    {
      name: 'c: a step has an effect only after the outcomes of all before it are durable',
      holds: (state) => steps.every((seq) => state.participants[seq] === '.' || isDurableBefore(program, state, seq)),
    },
    {
      name: 'c: an undo has an effect only after it is durable that the run is undone',
      holds: ({ row, participants }) => !participants.includes('X') || readJournal(program, row.journal).isUndoing,
    },
    { name: 'd: no effect is there twice', holds: ({ participants }) => !participants.includes('2') },
    {
      name: 'd: all effects of a completed run are there',
      holds: (state) => state.row.state !== 'completed' || steps.every((seq) => isThere(state, seq)),
    },
    {
      name: 'd: no effect of an undone run is there, however late a call arrives',
      holds: (state) => state.row.state !== 'undone' || !steps.some((seq) => isThere(state, seq)),
    },
    {
      name: 'd: what was started last is undone first',
      holds: (state) => {
        const first = steps.findIndex((seq) => state.participants[seq] === 'X')
        return first < 0 || !steps.slice(first).some((seq) => isThere(state, seq))
      },
    },
    {
      name: 'g: what has passed its point is never undone',
      holds: ({ row, participants }) =>
        !readJournal(program, row.journal).passedPoint ||
        !(readJournal(program, row.journal).isUndoing || participants.includes('X')),
    },
  ]
}

function isDurableBefore(program: Program, { row }: State, seq: number): boolean {
  const { outcomes } = readJournal(program, row.journal)
  const before = program.groups.slice(
    0,
    program.groups.findIndex((group) => group.includes(seq)),
  )
  return before.every((group) => group.every((earlier) => '+mtP'.includes(outcomes.get(earlier) ?? '.')))
}

function ofWaiting(program: Program): Invariant<State>[] {
  return [
    {
      name: 'e: a run that nobody holds and that has unread mail is due',
      holds: (state) => !isFree(state) || state.row.due === 'now' || state.mail.length <= state.row.seen,
    },
    {
      name: 'f: a run that nobody holds is due, or will be when the time of its wait comes',
      holds: (state) => !isFree(state) || state.row.due === 'now' || hasTimer(program, state),
    },
  ]
}

function hasTimer(program: Program, { row }: State): boolean {
  const { passive } = readJournal(program, row.journal)
  return row.due === 'timer' && passive !== undefined && program.ops.get(passive)?.is === 'wait'
}

/** What holds of every step. */
export function sagaSteps({ program }: Setting): StepInvariant<State>[] {
  return [
    { name: 'b: the journal only grows', holds: (before, after) => after.row.journal.startsWith(before.row.journal) },
    {
      name: 'b: what has ended stays as it is',
      holds: (before, after) => !isEnded(before.row) || before.row === after.row,
    },
    {
      name: 'g: the point is passed only when no cancel has come',
      holds: (before, after) =>
        before.row.journal.includes('P') || !after.row.journal.includes('P') || !before.mail.includes('c'),
    },
    {
      name: 'b: a run completes at the end of its function',
      holds: (before, after) =>
        after.row.state !== 'completed' || before === after || readJournal(program, after.row.journal).isThrough,
    },
  ]
}

const helped = new Set(['executor', 'network', 'time'])

/** What stays in reach, without a fault, a person, or a host coming back. */
export const sagaReachable: Goal<State> = {
  name: 'h: while a host is up, the run can be ended or parked by those that are up',
  from: ({ hosts }) => hosts.some(({ life }) => life === 'up'),
  goal: ({ row }) => !isActive(row),
  by: ({ kind }) => kind !== undefined && helped.has(kind),
}

/** What comes about by itself. */
export const sagaEventually: Goal<State> = {
  name: 'h: the run is ended or parked in the end, unless no host is up',
  goal: ({ row, hosts }) => !isActive(row) || hosts.every(({ life }) => life !== 'up'),
}
