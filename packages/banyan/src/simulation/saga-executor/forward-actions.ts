/**
 * A host and the forward call of one step. That an answer is lost is the same as a call that is given up and arrives by itself;
 * so an arrival and its answer are one action, unless the host is stopped and hears of it later.
 */
import { addLate, arrive, forwarded } from './participant.ts'
import { type Reading, readJournal } from './program.ts'
import { byHost, byWorld, type SagaAction, type Setting } from './setting.ts'
import { type Host, isCalling, isQueueEmpty, type State, setHost, setLetter } from './state.ts'

/** Calls and what comes of them. */
export function forwardActions(index: number, seq: number, setting: Setting): SagaAction[] {
  return [
    callAction(index, seq, setting),
    ...answerActions(index, seq, setting),
    ...failureActions(index, seq, setting),
  ]
}

const letterOf = (host: Host, seq: number): string => host.calls[seq] as string

function setCall(state: State, index: number, seq: number, letter: string, more: Partial<Host> = {}): State {
  const { calls } = state.hosts[index] as Host
  return setHost(state, index, { calls: setLetter(calls, seq, letter), ...more })
}

// The outcome goes into the queue of the journal.
function settle(state: State, index: number, seq: number, outcome: string): State {
  const { view } = state.hosts[index] as Host
  return setCall(state, index, seq, '.', { view: `${view}${seq}${outcome}` })
}

function callAction(index: number, seq: number, { program, rules }: Setting): SagaAction {
  const mayCall = (host: Host): boolean => {
    if (host.epoch === 0 || host.parking || isCalling(host, seq)) return false
    if (rules.effectsWait && !isQueueEmpty(host)) return false
    const { isUndoing, hasFailed, frontier } = readJournal(program, host.view)
    return !isUndoing && !hasFailed && frontier.includes(seq)
  }
  return byHost(index, 'executor', `calls step ${seq}`, mayCall, (host, state) => {
    const before = letterOf(host, seq)
    const isUnknown = before === 't' || (before === 'i' && rules.inheritedIsUnknown)
    return setCall(state, index, seq, isUnknown ? 'C' : 'c')
  })
}

function answerActions(index: number, seq: number, { program, rules }: Setting): SagaAction[] {
  const hostOf = (state: State): Host => state.hosts[index] as Host
  const name = `host ${index + 1}'s call of step ${seq}`
  const op = program.ops.get(seq)
  const isOut = (state: State): boolean => isCalling(hostOf(state), seq)
  const arrives = byWorld('network', `${name} arrives`, isOut, (state) =>
    answer(arrive(state, seq, (participant) => forwarded(participant, rules))),
  )
  const mayRefuse = (state: State): boolean => isOut(state) && state.participants[seq] === '.'
  const refused = byWorld('choice', `${name} is refused`, mayRefuse, (state) => answer(arrive(state, seq, () => 'R')))
  return op?.is === 'step' && op.refusable ? [arrives, refused] : [arrives]

  function answer(state: State): State {
    const host = hostOf(state)
    // A stopped host has the answer in its socket and hears of it when it wakes.
    if (host.life !== 'up') return setCall(state, index, seq, letterOf(host, seq).replace('c', 'e').replace('C', 'E'))
    if ('D2'.includes(state.participants[seq] as string)) return settle(state, index, seq, '+')
    const { passedPoint } = readJournal(program, host.view)
    return passedPoint ? setCall(state, index, seq, 't', { parking: true }) : settle(state, index, seq, '-')
  }
}

function failureActions(index: number, seq: number, { program, rules }: Setting): SagaAction[] {
  const read = (host: Host): Reading => readJournal(program, host.view)
  const isOut = (host: Host): boolean => isCalling(host, seq)
  const giveUp = (state: State): State => ({
    ...setCall(state, index, seq, 't'),
    late: addLate(state.late, seq, 'f'),
  })
  const notExecuted = (host: Host, state: State): State => {
    const isUnknown = letterOf(host, seq) === 'C'
    if (read(host).passedPoint) return setCall(state, index, seq, isUnknown ? 't' : '.')
    return settle(state, index, seq, isUnknown && rules.unknownSticks ? '?' : '-')
  }
  const mayStop = (host: Host): boolean =>
    letterOf(host, seq) === 't' && !read(host).passedPoint && !read(host).isUndoing
  const act = (kind: SagaAction['kind'], what: string, guard: (host: Host) => boolean, effect: typeof notExecuted) =>
    byHost(index, kind, what, guard, effect)
  return [
    act('fault', `does not wait for its call of step ${seq} any more`, isOut, (_, state) => giveUp(state)),
    act(
      'fault',
      `hears that its call of step ${seq} was not executed`,
      (host) => 'cC'.includes(letterOf(host, seq)),
      notExecuted,
    ),
    act('choice', `does not try step ${seq} again`, mayStop, (_, state) => settle(state, index, seq, '?')),
    act(
      'executor',
      `aborts its call of step ${seq}`,
      (host) => isOut(host) && read(host).isUndoing,
      (_, state) => giveUp(state),
    ),
  ]
}
