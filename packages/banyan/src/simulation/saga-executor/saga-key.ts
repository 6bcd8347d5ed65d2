/**
 * What makes two states of the model one: all that can make a difference to what happens from there on, and no more.
 *
 * - Who holds the run, and whose late writes they are, is said with the host, so that hosts can be sorted (symmetry).
 * - Of epochs and incarnations only matters which are the same, since they only grow and are only ever compared for that.
 * - A late write under an epoch that is past is as good as none where the fence compares epochs; so is a late call whose
 *   participant answers as before.
 */
import type { Rules } from './rules.ts'
import type { Host, Row, State, Write } from './state.ts'
import { isEnded } from './store.ts'

/** The key of a state. With `symmetric` hosts may change places. */
export function createKey(rules: Rules, symmetric: boolean): (state: State) => string {
  const dropsFenced = rules.fence === 'epoch' || rules.fence === 'holder and epoch'
  return (state) => {
    const { row } = state
    const live = dropsFenced ? state.orphans.filter(({ write }) => write.epoch === row.epoch) : state.orphans
    const hosts = state.hosts.map((host, index) => {
      const late = live.length === 0 ? '' : ofOrphans(live, index, host, row)
      return ofHost(host, row, row.holder === index) + late
    })
    return `${ofRow(row)}${ofOutside(state, rules)} ${(symmetric ? hosts.sort() : hosts).join(' ')}`
  }
}

function ofRow(row: Row): string {
  return `${row.state.slice(0, 4)}${row.journal}${row.due}${row.seen}${row.breach ?? ''}`
}

function ofOutside(state: State, { keys }: Rules): string {
  const { participants, mail, rang, undoFailuresLeft, peopleLeft } = state
  let late = ''
  for (let seq = 1; seq < participants.length; seq++) {
    const there = participants[seq] as string
    const letter = state.late[seq] as string
    const forward = (letter === 'f' || letter === 'b') && (there === '.' || !keys)
    const undo = (letter === 'u' || letter === 'b') && there !== 'X'
    late += there + (forward ? 'f' : '') + (undo ? 'u' : '')
  }
  const faultsLeft = isEnded(state.row) ? 0 : state.faultsLeft
  return `/${late}/${mail}/${rang}/${faultsLeft}${undoFailuresLeft}${peopleLeft}`
}

function ofHost(host: Host, row: Row, isHolder: boolean): string {
  const { life, lease, incarnation } = host
  const held = isHolder ? (row.incarnation === incarnation ? 'H' : lease === row.incarnation ? 'l' : 'h') : ''
  const process = `${life[0]}${lease === incarnation ? 'L' : ''}${held}`
  if (host.epoch === 0) return process
  const { view, durable, read, calls, undo, parking, write, answer } = host
  const epoch = host.epoch === row.epoch ? '=' : '<'
  const memory = `${epoch}${view}${durable}/${read}${calls}${undo}${parking ? 'p' : ''}`
  return write === undefined ? process + memory : `${process}${memory}${answer}${ofWrite(write)}`
}

function ofOrphans(orphans: State['orphans'], index: number, host: Host, row: Row): string {
  const own = orphans.flatMap(({ host: of, write }) => {
    if (of !== index) return []
    const { epoch, incarnation } = write
    const whose = `${incarnation === host.incarnation ? '=' : '<'}${incarnation === row.incarnation ? 'h' : ''}`
    return [`|${epoch === row.epoch ? '=' : '<'}${whose}${ofWrite(write)}`]
  })
  return own.length < 2 ? own.join('') : own.sort().join('')
}

function ofWrite({ base, entries, change, seen, timer }: Write): string {
  return `${base}${entries}${change}${seen}${timer ? 't' : ''}`
}
