/** What comes from outside: messages, time, people; and writes that were lost sight of. */
import { readJournal } from './program.ts'
import { byWorld, type SagaAction, type Setting } from './setting.ts'
import type { State } from './state.ts'
import { applyWrite, delivered, isActive, mended } from './store.ts'

/** Messages, each once, to a run that has not ended. */
export function mailActions({ size, rules }: Setting): SagaAction[] {
  const mayCome = (letter: string) => (state: State) =>
    !state.mail.includes(letter) && (isActive(state.row) || state.row.state === 'parked')
  const comes = (name: string, letter: string): SagaAction =>
    byWorld('choice', name, mayCome(letter), (state) => delivered(state, letter, rules))
  return [
    ...(size.cancel ? [comes('a cancel comes', 'c')] : []),
    ...(size.event ? [comes('the event comes', 'e')] : []),
  ]
}

/** The time of a wait comes any time after what is before it. */
export function timeActions({ program }: Setting): SagaAction[] {
  const waits = [...program.ops].flatMap(([seq, op]) => (op.is === 'wait' ? [seq] : []))
  return waits.map((seq) =>
    byWorld(
      'time',
      `the time of wait ${seq} comes`,
      ({ row, rang }) =>
        isActive(row) && !rang.includes(String(seq)) && readJournal(program, row.journal).passive === seq,
      (state) => ({ ...state, rang: `${state.rang}${seq}` }),
    ),
  )
}

/** A person lets a parked run go on, or has one undone that is before its point. */
export function peopleActions({ program }: Setting): SagaAction[] {
  const mend = (entry: '0M' | '0U') => (state: State) => ({
    ...state,
    row: mended(state.row, entry),
    peopleLeft: state.peopleLeft - 1,
  })
  const mayCompensate = ({ row, peopleLeft }: State): boolean => {
    const { passedPoint, isUndoing } = readJournal(program, row.journal)
    return peopleLeft > 0 && row.state === 'running' && !passedPoint && !isUndoing
  }
  return [
    byWorld(
      'person',
      'a person tries again',
      ({ row, peopleLeft }) => peopleLeft > 0 && row.state === 'parked',
      mend('0M'),
    ),
    byWorld('person', 'a person has it undone', mayCompensate, mend('0U')),
  ]
}

/** Writes under way whose sender is gone or has lost the connection, so many at a time as there are faults. */
export function orphanActions({ size, rules }: Setting): SagaAction[] {
  return Array.from({ length: size.faults + 1 }, (_, place) =>
    byWorld(
      'network',
      `late write ${place + 1} is committed`,
      (state) => place < state.orphans.length,
      (state) => {
        const orphan = state.orphans[place] as State['orphans'][number]
        const { row } = applyWrite(state, orphan.host, orphan.write, rules, true)
        return { ...state, row, orphans: state.orphans.toSpliced(place, 1) }
      },
    ),
  )
}
