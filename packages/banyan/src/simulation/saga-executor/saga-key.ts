/**
 * States of the model as text: for the explorer one that hosts may change places in, for people one they can read.
 */
import type { Host, State, Write } from './state.ts'

/** Equal for states that are equal but for which host is which. */
export function toSymmetricKey(state: State): string {
  return `${rest(state)}#${state.hosts
    .map((_, index) => ofHost(state, index))
    .sort()
    .join('#')}`
}

/** Hosts keep their places. */
export function toExactKey(state: State): string {
  return `${rest(state)}#${state.hosts.map((_, index) => ofHost(state, index)).join('#')}`
}

function rest({ row, ...state }: State): string {
  const { faultsLeft, undoFailuresLeft, peopleLeft } = state
  const ofRow = `${row.state}/${row.epoch}/${row.incarnation}/${row.journal}/${row.due}/${row.seen}/${row.breach ?? ''}`
  return `${ofRow}/${state.participants}/${state.late}/${state.mail}/${state.rang}/${faultsLeft}${undoFailuresLeft}${peopleLeft}`
}

// Who holds the run, and whose late writes they are, is said with the host, so that no number of a host is in the text.
function ofHost(state: State, index: number): string {
  const host = state.hosts[index] as Host
  const { life, incarnation, lease, epoch, view, durable, read, calls, undo, parking, write, answer } = host
  const late = state.orphans.length === 0 ? '' : ofOrphans(state, index)
  const held = state.row.holder === index ? 'H' : ''
  if (epoch === 0) return `${held}${life}/${incarnation}/${lease}/${late}`
  const memory = `${epoch}/${view}/${durable}/${read}/${calls}/${undo}/${parking ? 'p' : ''}`
  return `${held}${life}/${incarnation}/${lease}/${late}/${memory}/${write ? ofWrite(write) : ''}/${answer ?? ''}`
}

function ofOrphans({ orphans }: State, index: number): string {
  return orphans
    .flatMap(({ host, write }) => (host === index ? [ofWrite(write)] : []))
    .sort()
    .join('|')
}

function ofWrite({ epoch, incarnation, base, entries, change, seen, timer }: Write): string {
  return `${epoch}.${incarnation}.${base}.${entries}.${change}.${seen}${timer ? 't' : ''}`
}

/** A state for people: the row, each host, what is outside. */
export function describeState(state: State): string {
  const { row, hosts, participants, late, mail, orphans } = state
  const holder = row.holder < 0 ? 'nobody' : `host ${row.holder + 1}#${row.incarnation}`
  const lines = [
    `row: ${row.state}, epoch ${row.epoch}, held by ${holder}, journal [${entries(row.journal)}], due ${row.due}`,
  ]
  for (const [index, host] of hosts.entries())
    lines.push(`host ${index + 1}#${host.incarnation}: ${describeHost(host)}`)
  lines.push(`participants ${participants.slice(1)}, late calls ${late.slice(1)}, mail "${mail}"`)
  for (const { host, write } of orphans) lines.push(`late write of host ${host + 1}: ${describeWrite(write)}`)
  return lines.join('\n')
}

function describeHost(host: Host): string {
  const lease = host.lease === host.incarnation ? '' : ', without a lease'
  if (host.epoch === 0) return `${host.life}${lease}`
  const queued = host.view.length > host.durable ? ` + queued [${entries(host.view.slice(host.durable))}]` : ''
  const write = host.write ? `, write ${host.answer}: ${describeWrite(host.write)}` : ''
  const undo = host.undo > 0 ? `, undoes step ${host.undo}` : ''
  const view = `[${entries(host.view.slice(0, host.durable))}]${queued}`
  return `${host.life}${lease}, holds it under epoch ${host.epoch}, knows ${view}, calls ${host.calls.slice(1)}${undo}${write}`
}

function describeWrite({ epoch, entries: text, change }: Write): string {
  return `[${entries(text)}] ${change === 'none' ? '' : `to ${change} `}under epoch ${epoch}`
}

function entries(text: string): string {
  return text.match(/../g)?.join(' ') ?? ''
}
