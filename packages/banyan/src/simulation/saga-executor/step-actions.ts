/**
 * Steps and their undos against idempotent participants in other services. An arrival and its answer are one action: that the
 * answer is lost is the same as a call that nobody waits for any more and that arrives by itself.
 */
import { addLate } from './host.ts'
import { currentGroup, hasFailed, isUndoing, outcomeOf, passedPoint, toUndo } from './program.ts'
import type { Rules } from './rules.ts'
import { byHost, byWorld, type SagaAction, type Setting } from './setting.ts'
import { type Host, type State, setHost, setLetter } from './state.ts'

/** What a forward call does to its participant. */
function forwarded(participant: string, { keys }: Rules): string {
  if (participant === '.') return 'D'
  return participant === 'D' && !keys ? '2' : participant
}

/** What an undo does. */
function undone(participant: string, { tombstones }: Rules): string {
  return participant === 'D' || tombstones ? 'X' : participant
}

function arrives(state: State, seq: number, become: (participant: string) => string): State {
  const participants = setLetter(state.participants, seq, become(state.participants[seq] as string))
  return { ...state, participants }
}

const isOut = (host: Host, seq: number): boolean => 'cC'.includes(host.calls[seq] as string)
const isDurable = (host: Host, { effectsWait }: Rules): boolean => !effectsWait || host.durable === host.view.length

/** One host and one step, forward. */
export function forwardActions(index: number, seq: number, { program, rules, size }: Setting): SagaAction[] {
  const op = program.ops.get(seq)
  const setCall = (state: State, letter: string, more: Partial<Host> = {}): State => {
    const host = state.hosts[index] as Host
    return setHost(state, index, { calls: setLetter(host.calls, seq, letter), ...more })
  }
  const settle = (state: State, host: Host, outcome: string): State =>
    setCall(state, '.', { view: `${host.view}${seq}${outcome}` })
  const noEffect = (host: Host): string => (host.calls[seq] === 'C' && rules.unknownSticks ? '?' : '-')
  const answer = (state: State, host: Host): State => {
    if (host.life !== 'up') return state
    if ('D2'.includes(state.participants[seq] as string)) return settle(state, host, '+')
    return passedPoint(host.view) ? setCall(state, 't', { parking: true }) : settle(state, host, '-')
  }
  const timesOut = (state: State): State => ({ ...setCall(state, 't'), late: addLate(state.late, seq, 'f') })
  const anyLife = (
    name: string,
    kind: 'network' | 'choice',
    guard: SagaAction['guard'],
    effect: SagaAction['effect'],
  ) => byWorld(kind, `host ${index + 1}'s call of step ${seq} ${name}`, guard, effect)
  const called = (state: State): boolean => isOut(state.hosts[index] as Host, seq)

  const actions = [
    byHost(index, 'executor', `calls step ${seq}`, mayCall, (host, state) => {
      const began = host.calls[seq] as string
      return setCall(state, began === 't' || (began === 'i' && rules.inheritedIsUnknown) ? 'C' : 'c')
    }),
    anyLife('arrives', 'network', called, (state) => {
      const after = arrives(state, seq, (participant) => forwarded(participant, rules))
      return answer(after, state.hosts[index] as Host)
    }),
    byHost(
      index,
      'fault',
      `gives its call of step ${seq} up, which may arrive yet`,
      (host) => isOut(host, seq),
      (_, state) => timesOut(state),
    ),
    byHost(
      index,
      'fault',
      `hears that its call of step ${seq} was not executed`,
      (host) => isOut(host, seq),
      (host, state) =>
        passedPoint(host.view)
          ? setCall(state, host.calls[seq] === 'C' ? 't' : '.')
          : settle(state, host, noEffect(host)),
    ),
    byHost(index, 'choice', `does not try step ${seq} again`, mayGiveUp, (host, state) => settle(state, host, '?')),
    byHost(
      index,
      'executor',
      `aborts its call of step ${seq}`,
      (host) => isUndoing(host.view) && isOut(host, seq),
      (_, state) => timesOut(state),
    ),
  ]
  if (op?.is !== 'step' || !op.refusable) return actions
  const refusable = (state: State): boolean => called(state) && state.participants[seq] === '.'
  const refused = anyLife('is refused', 'choice', refusable, (state) =>
    answer(
      arrives(state, seq, () => 'R'),
      state.hosts[index] as Host,
    ),
  )
  return [...actions, refused]

  function mayCall(host: Host): boolean {
    if (host.epoch === 0 || host.parking || isOut(host, seq) || !isDurable(host, rules)) return false
    if (isUndoing(host.view) || (hasFailed(host.view) && !passedPoint(host.view))) return false
    const group = currentGroup(program, host.view) ?? []
    return group.includes(seq) && outcomeOf(host.view, seq) === undefined && size.hosts > index
  }

  function mayGiveUp(host: Host): boolean {
    return host.calls[seq] === 't' && !passedPoint(host.view) && !isUndoing(host.view)
  }
}

/** Undos of one host: one at a time, the last that was started first. */
export function undoActions(index: number, { program, rules }: Setting): SagaAction[] {
  const next = (host: Host): number | undefined => toUndo(program, host.view).at(rules.undoFromTheEnd ? -1 : 0)
  const settle = (state: State, host: Host, outcome: string, more: Partial<Host> = {}): State =>
    setHost(state, index, { view: `${host.view}${host.undo}${outcome}`, undo: 0, ...more })
  const mayUndo = (host: Host): boolean =>
    host.epoch > 0 &&
    isUndoing(host.view) &&
    !host.parking &&
    host.undo === 0 &&
    isDurable(host, rules) &&
    !program.steps.some((seq) => isOut(host, seq)) &&
    next(host) !== undefined
  return [
    byHost(index, 'executor', 'calls the next undo', mayUndo, (host, state) =>
      setHost(state, index, { undo: next(host) as number }),
    ),
    byWorld('network', `host ${index + 1}'s undo arrives`, isUndoOut, (state) => {
      const host = state.hosts[index] as Host
      const after = arrives(state, host.undo, (participant) => undone(participant, rules))
      return host.life === 'up' ? settle(after, host, 'X') : after
    }),
    byHost(
      index,
      'fault',
      'gives its undo up, which may arrive yet',
      (host) => host.undo > 0,
      (host, state) => ({
        ...setHost(state, index, { undo: 0 }),
        late: addLate(state.late, host.undo, 'u'),
      }),
    ),
    byHost(index, 'choice', 'hears that its undo has failed', mayFail, (host, state) => ({
      ...settle(state, host, 'F', { parking: true }),
      undoFailuresLeft: state.undoFailuresLeft - 1,
    })),
  ]

  function isUndoOut(state: State): boolean {
    return (state.hosts[index] as Host).undo > 0
  }

  function mayFail(host: Host, state: State): boolean {
    return host.undo > 0 && state.undoFailuresLeft > 0
  }
}

/** Calls that nobody waits for any more arrive some day, or never. */
export function lateCallActions(seq: number, { rules }: Setting): SagaAction[] {
  const has = (what: 'f' | 'u') => (state: State) => state.late[seq] === what || state.late[seq] === 'b'
  const without = (state: State, what: 'f' | 'u'): State => {
    const left = state.late[seq] === 'b' ? (what === 'f' ? 'u' : 'f') : '.'
    return { ...state, late: setLetter(state.late, seq, left) }
  }
  return [
    byWorld('network', `a late call of step ${seq} arrives`, has('f'), (state) =>
      arrives(without(state, 'f'), seq, (participant) => forwarded(participant, rules)),
    ),
    byWorld('network', `a late undo of step ${seq} arrives`, has('u'), (state) =>
      arrives(without(state, 'u'), seq, (participant) => undone(participant, rules)),
    ),
  ]
}
