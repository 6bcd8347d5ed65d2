/** States of the model for people: the row, each host, what is outside. */
import type { Host, State, Write } from './state.ts'

/** The lines of a state in a trace. */
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
