/**
 * What hosts do with the store, and what happens to them. A stopped host (SIGSTOP) keeps its memory and what it has under way;
 * when it wakes, it goes on as if nothing had been.
 */
import { composeWrite, forget, hear, sending, takeUp } from './host.ts'
import { readJournal } from './program.ts'
import { byHost, byWorld, type SagaAction, type Setting } from './setting.ts'
import { type Host, idleHost, type State, setHost, type Write, type WriteOutcome } from './state.ts'
import { applyWrite, isAbandoned, isActive, isDue, isEnded, letGo, taken } from './store.ts'

/** Beats, takes, reading of mail. */
export function holdingActions(index: number, { program, rules }: Setting): SagaAction[] {
  // Only with a lease: a host without one would take it, be taken for dead by the next beat, and take it again, for ever.
  const mayTake = (host: Host, state: State): boolean =>
    host.lease === host.incarnation &&
    state.row.holder < 0 &&
    isActive(state.row) &&
    isDue(state, readJournal(program, state.row.journal).passive)
  return [
    byHost(
      index,
      'executor',
      'beats',
      (host, state) => !isEnded(state.row) && (host.lease !== host.incarnation || isAbandoned(state, index, rules)),
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
export function writeActions(index: number, { program, rules }: Setting): SagaAction[] {
  const compose = (host: Host, state: State) => composeWrite(host, state, program, rules)
  const isOut = (state: State): boolean => hostAt(state).answer === 'out' && hostAt(state).life !== 'down'
  const again: Partial<Host> = rules.sendsSameAgain ? {} : { answer: undefined, write: undefined }
  const committed = (state: State): State => {
    const host = hostAt(state)
    const { row, outcome } = applyWrite(state, index, host.write as Write, rules)
    const after = setHost({ ...state, row }, index, { answer: outcome })
    return host.life === 'up' ? hear(after, index, outcome, program) : after
  }
  const sentAgain = (host: Host, state: State): State => ({
    ...setHost(state, index, again),
    orphans: [...state.orphans, { host: index, write: host.write as Write }],
  })
  const canWrite = (host: Host, state: State): boolean => compose(host, state) !== undefined
  const hasHeard = ({ answer }: Host): boolean => answer !== undefined && answer !== 'out'
  return [
    byHost(index, 'executor', 'writes', canWrite, (host, state) =>
      setHost(state, index, sending(host, compose(host, state) as Write)),
    ),
    byWorld('network', `host ${index + 1}'s write is committed`, isOut, committed),
    byHost(index, 'executor', 'hears of its write', hasHeard, (host, state) =>
      hear(state, index, host.answer as WriteOutcome, program),
    ),
    byHost(
      index,
      'fault',
      'loses the connection of its write, and writes again',
      ({ answer }) => answer === 'out',
      sentAgain,
    ),
  ]

  function hostAt(state: State): Host {
    return state.hosts[index] as Host
  }
}

/** Stops, crashes, restarts; the end of a lease. */
export function lifeActions(index: number, { program }: Setting): SagaAction[] {
  const hostOf = (state: State): Host => state.hosts[index] as Host
  const isHolder = ({ row }: State): boolean => row.holder === index
  const isDown = (state: State): boolean => hostOf(state).life === 'down' && !isEnded(state.row)
  const name = `host ${index + 1}`
  // Only the lease of whoever holds the run matters; that of another ends at once.
  const killed = (state: State): State => {
    const lease = isHolder(state) ? hostOf(state).lease : 0
    return setHost(forget(state, index, program), index, { life: 'down', lease })
  }
  const startedAgain = (state: State): State => {
    const { incarnation, lease } = hostOf(state)
    return setHost(state, index, idleHost(program, incarnation + 1, lease))
  }
  const mayLapse = (state: State): boolean => {
    const { life, lease, incarnation } = hostOf(state)
    return isHolder(state) && lease !== 0 && (life !== 'up' || lease !== incarnation)
  }
  return [
    // One that does not hold the run may as well be slow.
    byHost(
      index,
      'fault',
      'is stopped',
      (host) => host.epoch > 0,
      (_, state) => setHost(state, index, { life: 'stopped' }),
    ),
    byWorld(
      'repair',
      `${name} wakes`,
      (state) => hostOf(state).life === 'stopped',
      (state) => setHost(state, index, { life: 'up' }),
    ),
    byWorld('fault', `${name} is killed`, (state) => hostOf(state).life !== 'down', killed),
    byWorld('repair', `${name} is started again`, isDown, startedAgain),
    byWorld('time', `${name}'s lease ends`, mayLapse, (state) => setHost(state, index, { lease: 0 })),
  ]
}
