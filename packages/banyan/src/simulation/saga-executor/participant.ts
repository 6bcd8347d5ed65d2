/**
 * The other side of a step: a service that knows calls by their keys. What it has answered it answers again; an undo leaves a
 * tombstone. Calls that nobody waits for any more arrive some day, or never.
 */
import type { Rules } from './rules.ts'
import { byWorld, type SagaAction, type Setting } from './setting.ts'
import { type State, setLetter } from './state.ts'

/** What a forward call makes of it. */
export function forwarded(participant: string, { keys }: Rules): string {
  if (participant === '.') return 'D'
  return participant === 'D' && !keys ? '2' : participant
}

/** What an undo makes of it. */
export function undone(participant: string, { tombstones }: Rules): string {
  return participant === 'D' || tombstones ? 'X' : participant
}

/** The state after a call has arrived at a step's participant. */
export function arrive(state: State, seq: number, become: (participant: string) => string): State {
  const before = state.participants[seq] as string
  return { ...state, participants: setLetter(state.participants, seq, become(before)) }
}

/** A call more that nobody waits for: `f` forward, `u` undo. The same one twice is one. */
export function addLate(late: string, seq: number, what: 'f' | 'u'): string {
  const there = late[seq] as string
  return setLetter(late, seq, there === '.' || there === what ? what : 'b')
}

/** The arrivals of late calls. */
export function lateCallActions(seq: number, { rules }: Setting): SagaAction[] {
  const has = (what: 'f' | 'u') => (state: State) => state.late[seq] === what || state.late[seq] === 'b'
  const without = (state: State, what: 'f' | 'u'): State => {
    const left = state.late[seq] === 'b' ? (what === 'f' ? 'u' : 'f') : '.'
    return { ...state, late: setLetter(state.late, seq, left) }
  }
  return [
    byWorld('network', `a late call of step ${seq} arrives`, has('f'), (state) =>
      arrive(without(state, 'f'), seq, (participant) => forwarded(participant, rules)),
    ),
    byWorld('network', `a late undo of step ${seq} arrives`, has('u'), (state) =>
      arrive(without(state, 'u'), seq, (participant) => undone(participant, rules)),
    ),
  ]
}
