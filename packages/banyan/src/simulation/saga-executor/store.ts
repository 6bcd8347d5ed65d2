/** What the store does, each in one transaction: the rules of the port `store/sagas.ts` on the model's row. */
import type { Rules } from './rules.ts'
import type { Host, Row, State, Write, WriteOutcome } from './state.ts'

export function isActive({ state }: Row): boolean {
  return state === 'running' || state === 'undoing'
}

export function isEnded({ state }: Row): boolean {
  return state === 'completed' || state === 'undone'
}

export function isDue({ row, rang }: State, waiting: number | undefined): boolean {
  return row.due === 'now' || (row.due === 'timer' && waiting !== undefined && rang.includes(String(waiting)))
}

function holds(row: Row, host: number, write: Write): boolean {
  return row.holder === host && row.incarnation === write.incarnation
}

function passesFence(row: Row, host: number, write: Write, { fence }: Rules): boolean {
  if (fence === 'none') return true
  if (fence !== 'epoch' && !holds(row, host, write)) return false
  return fence === 'holder' || row.epoch === write.epoch
}

/** {@link Sagas.write} for one run. What is said to nobody (`isLate`) misleads nobody. */
export function applyWrite(
  state: State,
  host: number,
  write: Write,
  rules: Rules,
  isLate = false,
): { readonly row: Row; readonly outcome: WriteOutcome } {
  const { row, mail } = state
  if (!passesFence(row, host, write, rules)) return { row, outcome: 'fenced' }
  const there = row.journal.slice(write.base, write.base + write.entries.length)
  const isConflict = !write.entries.startsWith(there)
  if (isConflict && rules.conflictsAreVoid) return { row, outcome: 'fenced' }
  const known = there !== '' && there.length === write.entries.length
  const hasMail = mail.length > write.seen
  if (write.change === 'point' && rules.pointMindsMail && hasMail && !(known && rules.knownBeforeMail)) {
    return { row, outcome: 'mail' }
  }
  const breach = row.breach ?? breachOf(row, host, write, isConflict && !isLate)
  const written: Row = { ...row, breach, journal: row.journal + write.entries.slice(there.length) }
  if (write.change === 'wait')
    return letGoToWait(written, write, hasMail && rules.waitMindsMail, known && !rules.knownWaitIsDone)
  return { row: changed(written, write), outcome: 'written' }
}

function breachOf(row: Row, host: number, write: Write, isConflict: boolean): Row['breach'] {
  if (!holds(row, host, write) || row.epoch !== write.epoch) {
    return 'a write was accepted from a host that does not hold the run'
  }
  return isConflict ? 'a write was accepted although other entries stand in its place' : undefined
}

function letGoToWait(row: Row, write: Write, refused: boolean, skipped: boolean): { row: Row; outcome: WriteOutcome } {
  if (skipped) return { row, outcome: 'written' }
  if (refused) return { row, outcome: 'mail' }
  return { row: { ...row, holder: -1, due: write.timer ? 'timer' : 'none', seen: write.seen }, outcome: 'written' }
}

function changed(row: Row, { change }: Write): Row {
  switch (change) {
    case 'undoing':
      return { ...row, state: 'undoing' }
    case 'parked':
    case 'completed':
    case 'undone':
      return { ...row, state: change, holder: -1, due: 'none', seen: 0 }
    default:
      return row
  }
}

/** The row after {@link Sagas.take}. */
export function taken(row: Row, host: number, incarnation: number, rules: Rules): Row {
  return { ...row, epoch: row.epoch + (rules.takeRaises ? 1 : 0), holder: host, incarnation, due: 'none', seen: 0 }
}

/** What a heartbeat of a host would let go: a dead host's run, an earlier incarnation's, or one that it does not know it holds. */
export function isAbandoned({ row, hosts }: State, beating: number, rules: Rules): boolean {
  const holder = hosts[row.holder]
  const host = hosts[beating] as Host
  if (holder === undefined) return false
  const lease = row.holder === beating ? host.incarnation : holder.lease
  if (lease !== row.incarnation) return true
  return rules.beatHeals && row.holder === beating && host.epoch !== row.epoch
}

export function letGo(row: Row, rules: Rules): Row {
  const epoch = row.epoch + (rules.reapRaises ? 1 : 0)
  return { ...row, epoch, holder: -1, incarnation: 0, due: rules.reapMakesDue ? 'now' : 'none', seen: 0 }
}

/** {@link Sagas.send}, and an event's delivery. */
export function delivered(state: State, message: string, rules: Rules): State {
  const { row } = state
  const wakes = rules.mailMakesDue && row.holder < 0 && isActive(row)
  return { ...state, mail: state.mail + message, row: wakes ? { ...row, due: 'now', seen: 0 } : row }
}

/** {@link Sagas.mend}: a person lets it go on where it stands, or has it undone. */
export function mended(row: Row, entry: '0M' | '0U'): Row {
  const journal = row.journal + entry
  const state = journal.includes('0U') ? 'undoing' : 'running'
  return { ...row, epoch: row.epoch + 1, holder: -1, incarnation: 0, state, journal, due: 'now', seen: 0 }
}
