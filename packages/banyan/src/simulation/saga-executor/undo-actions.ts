/** A host that undoes: one step at a time, what was started last first, each undo until it is done or a person is needed. */
import { addLate, arrive, undone } from './participant.ts'
import { readJournal } from './program.ts'
import { byHost, byWorld, type SagaAction, type Setting } from './setting.ts'
import { type Host, isCalling, isQueueEmpty, type State, setHost } from './state.ts'

/** Calls of undos and what comes of them. */
export function undoActions(index: number, { program, rules }: Setting): SagaAction[] {
  const next = (host: Host): number | undefined =>
    readJournal(program, host.view).toUndo.at(rules.undoFromTheEnd ? -1 : 0)
  const mayUndo = (host: Host): boolean =>
    host.epoch > 0 &&
    host.undo === 0 &&
    !host.parking &&
    !(rules.effectsWait && !isQueueEmpty(host)) &&
    next(host) !== undefined &&
    !program.steps.some((seq) => isCalling(host, seq))
  const settle = (state: State, outcome: string, more: Partial<Host> = {}): State => {
    const { view, undo } = state.hosts[index] as Host
    return setHost(state, index, { view: `${view}${undo}${outcome}`, undo: 0, ...more })
  }
  const isOut = (host: Host): boolean => host.undo > 0
  const giveUp = (host: Host, state: State): State => ({
    ...setHost(state, index, { undo: 0 }),
    late: addLate(state.late, host.undo, 'u'),
  })
  const fails = (_: Host, state: State): State => ({
    ...settle(state, 'F', { parking: true }),
    undoFailuresLeft: state.undoFailuresLeft - 1,
  })
  return [
    byHost(index, 'executor', 'calls the next undo', mayUndo, (host, state) =>
      setHost(state, index, { undo: next(host) as number }),
    ),
    byWorld('network', `host ${index + 1}'s undo arrives`, (state) => isOut(state.hosts[index] as Host), arrives),
    byHost(index, 'fault', 'does not wait for its undo any more', isOut, giveUp),
    byHost(
      index,
      'choice',
      'hears that its undo has failed',
      (host, state) => isOut(host) && state.undoFailuresLeft > 0,
      fails,
    ),
  ]

  function arrives(state: State): State {
    const { undo, life } = state.hosts[index] as Host
    const after = arrive(state, undo, (participant) => undone(participant, rules))
    return life === 'up' ? settle(after, 'X') : after
  }
}
