/**
 * What hosts do with the store, and what happens to them. A stopped host (SIGSTOP) keeps its memory and what it has under way;
 * when it wakes, it goes on as if nothing had been.
 */
import { composeWrite, forget, hear, passiveOp, sending, takeUp } from './host.ts'
import { byHost, byWorld, type SagaAction, type Setting } from './setting.ts'
import { type Host, idleHost, type State, setHost, type WriteOutcome } from './state.ts'
import { applyWrite, isAbandoned, isActive, isDue, letGo, taken } from './store.ts'

/** Beats, takes, reading of mail. */
export function holdingActions(index: number, { program, rules }: Setting): SagaAction[] {
  // Only with a lease: a host without one would take it, be taken for dead by the next beat, and take it again, for ever.
  const mayTake = (host: Host, state: State): boolean =>
    host.lease === host.incarnation &&
    state.row.holder < 0 &&
    isActive(state.row) &&
    isDue(state, passiveOp(program, state.row.journal))
  return [
    byHost(
      index,
      'executor',
      'beats',
      (host, state) => host.lease !== host.incarnation || isAbandoned(state, index, rules),
      (host, state) => {
        const row = isAbandoned(state, index, rules) ? letGo(state.row, rules) : state.row
        return setHost({ ...state, row }, index, { lease: host.incarnation })
      },
    ),
    byHost(index, 'executor', 'takes the run', mayTake, (host, state) =>
      takeUp(state, index, taken(state.row, index, host.incarnation, rules), program),
    ),
    byHost(index, 'fault', 'takes the run and does not hear of it', mayTake, (host, state) => ({
      ...state,
      row: taken(state.row, index, host.incarnation, rules),
    })),
    byHost(
      index,
      'executor',
      'reads the mail',
      (host, state) => host.epoch > 0 && host.read < state.mail.length,
      (_, state) => setHost(state, index, { read: state.mail.length }),
    ),
  ]
}

/** Writes, from the host to the store and back. A commit that a host hears of at once is one action. */
export function writeActions(index: number, setting: Setting): SagaAction[] {
  const { program, rules } = setting
  const compose = (host: Host, state: State) => composeWrite(host, state, program, rules)
  const heard = (host: Host): boolean => host.answer !== undefined && host.answer !== 'out' && host.answer !== 'broken'
  const again: Partial<Host> = rules.sendsSameAgain ? { answer: 'out' } : { answer: undefined, write: undefined }
  return [
    byHost(
      index,
      'executor',
      'writes',
      (host, state) => compose(host, state) !== undefined,
      (host, state) => setHost(state, index, sending(host, compose(host, state) as NonNullable<Host['write']>)),
    ),
    byWorld('network', `host ${index + 1}'s write is committed`, isOut, (state) => {
      const host = state.hosts[index] as Host
      const { row, outcome } = applyWrite(state, index, host.write as NonNullable<Host['write']>, rules)
      const after = setHost({ ...state, row }, index, { answer: outcome })
      return host.life === 'up' ? hear(after, index, outcome, program) : after
    }),
    byHost(index, 'executor', 'hears of its write', heard, (host, state) =>
      hear(state, index, host.answer as WriteOutcome, program),
    ),
    byHost(
      index,
      'fault',
      'loses the connection of its write',
      (host) => host.answer === 'out',
      (host, state) => ({
        ...setHost(state, index, { answer: 'broken' }),
        orphans: [...state.orphans, { host: index, write: host.write as NonNullable<Host['write']> }],
      }),
    ),
    byHost(
      index,
      'executor',
      'writes again',
      (host) => host.answer === 'broken',
      (_, state) => setHost(state, index, again),
    ),
  ]

  function isOut(state: State): boolean {
    const host = state.hosts[index] as Host
    return host.answer === 'out' && host.life !== 'down'
  }
}

/** Stops, crashes, restarts; the end of a lease. */
export function lifeActions(index: number, { program }: Setting): SagaAction[] {
  const hostOf = (state: State): Host => state.hosts[index] as Host
  const name = `host ${index + 1}`
  return [
    byHost(
      index,
      'fault',
      'is stopped',
      () => true,
      (_, state) => setHost(state, index, { life: 'stopped' }),
    ),
    byWorld('repair', `${name} wakes`, isStopped, (state) => setHost(state, index, { life: 'up' })),
    byWorld(
      'fault',
      `${name} is killed`,
      (state) => hostOf(state).life !== 'down',
      (state) => {
        const after = forget(state, index, program)
        return setHost(after, index, { life: 'down' })
      },
    ),
    byWorld(
      'repair',
      `${name} is started again`,
      (state) => hostOf(state).life === 'down',
      (state) => {
        const { incarnation, lease } = hostOf(state)
        return setHost(state, index, idleHost(program, incarnation + 1, lease))
      },
    ),
    byWorld(
      'time',
      `${name}'s lease ends`,
      (state) =>
        hostOf(state).lease !== 0 && (hostOf(state).life !== 'up' || hostOf(state).lease !== hostOf(state).incarnation),
      (state) => setHost(state, index, { lease: 0 }),
    ),
  ]

  function isStopped(state: State): boolean {
    return hostOf(state).life === 'stopped'
  }
}
