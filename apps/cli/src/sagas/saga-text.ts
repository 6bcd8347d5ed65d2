/** A run as text for a terminal: what it is, where it stands, its operations as a table, and what is to be decided. */

import type { LockView, OperationView, RunView } from 'banyan/saga'
import { formatFlow } from './flow-text.ts'

/** Longest value on one line, in characters. */
const maxValue = 300

/** See the top of the file. */
export function formatRun(view: RunView): string {
  // What a flow does is to wait: its events say all of it.
  const body = view.flow === undefined ? view.operations.flatMap(linesOf) : formatFlow(view.flow)
  return [...headOf(view), '', ...body, ...tailOf(view), ''].join('\n')
}

function headOf(view: RunView): readonly string[] {
  const { service, id, name, version, key, run, state, means, startedBy, startedAt, deadlineAt, endedAt, dueAt } = view
  const more = run > 1 ? `, run ${run}` : ''
  const times = [`started ${startedAt} by ${startedBy}`]
  if (deadlineAt !== undefined) times.push(`must end by ${deadlineAt}`)
  if (endedAt !== undefined) times.push(`ended ${endedAt}`)
  if (dueAt !== undefined) times.push(`due ${dueAt}`)
  return [
    `${name} v${version} '${key}'${more} of ${service}: ${state}`,
    `  ${means}`,
    `  id ${id}; ${times.join('; ')}`,
    ...(view.parked === undefined
      ? []
      : [`  parked: ${view.parked.reason}`, ...view.parked.message.split('\n').map((line) => `    ${line}`)]),
    ...(view.flow === undefined ? view.waitsFor : []).map((what) => `  waits for ${what}`),
    `  input ${toText(view.input)}`,
    ...(view.outcome === undefined ? [] : [`  outcome ${toText(view.outcome)}`]),
    ...(view.undoing === undefined ? [] : [`  taken back since ${view.undoing.at}: ${view.undoing.error.message}`]),
    ...(view.isPastNoReturn ? ['  past its point of no return: nothing of it is undone'] : []),
  ]
}

const marks: Readonly<Record<OperationView['stands'], string>> = { done: '+', 'not done': '-', unknown: '?' }

function linesOf(one: OperationView): readonly string[] {
  const { seq, kind, name, stands, means, at = '', attempts, undo } = one
  const tries = attempts === undefined || attempts < 2 ? '' : `, ${attempts} attempts`
  const lines = [`  ${marks[stands]} ${String(seq).padStart(3)} ${kind} '${name}'  ${stands}${tries}  ${at}`.trimEnd()]
  const add = (text: string): void => void lines.push(`        ${text}`)
  if (stands !== 'done') add(means)
  for (const { operation, input } of one.calls ?? [])
    add(`calls ${operation}${input === undefined ? '' : ` ${toText(input)}`}`)
  if (one.external !== undefined) add(externalOf(one.external))
  if (one.external !== undefined) add(`asked ${toText(one.external)}`)
  if (one.output !== undefined) add(`gave ${toText(one.output)}`)
  if (one.error !== undefined) add(`error ${one.error.reason ?? one.error.code}: ${one.error.message}`)
  if (one.waitsFor !== undefined) add(`waits for ${one.waitsFor}`)
  if (one.retry !== undefined) add(`again ${one.retry.at}: ${one.retry.error}`)
  if (one.waitsFor === undefined && one.until !== undefined) add(`until ${one.until}, then a person is asked`)
  if (undo !== undefined) add(`undo: ${undo.stands}${undo.why === undefined ? '' : ` (${undo.why})`}${errorOf(undo)}`)
  return lines
}

function externalOf({ method, url, key, status, sent }: NonNullable<OperationView['external']>): string {
  const answered = status === undefined ? 'no answer' : `answered ${status}`
  return `${method} ${url}, sent ${sent}x, ${answered}${key === undefined ? '' : `, key ${key}`}`
}

function errorOf({ error }: NonNullable<OperationView['undo']>): string {
  if (error === undefined) return ''
  return typeof error === 'string' ? `: ${error}` : `: ${error.reason ?? error.code}: ${error.message}`
}

const frontiers: Readonly<Record<Exclude<RunView['frontier'], 'known'>, string>> = {
  'no code': 'What is under way is not known: there is no code for this version here.',
  differs: 'What is under way is not known: code and journal do not agree.',
}

function tailOf(view: RunView): readonly string[] {
  const { frontier, fault, locks, children, parent, next, unread, byHand } = view
  return [
    ...(frontier === 'known' || view.endedAt !== undefined ? [] : ['', frontiers[frontier]]),
    ...(fault === undefined ? [] : fault.split('\n').map((line) => `  ${line}`)),
    ...locks.map(lockLine),
    ...(parent === undefined ? [] : [`child of ${parent.id}, operation ${parent.seq}`]),
    ...children.map((child) => `child ${child.name} ${child.id}, operation ${child.seq}`),
    ...(next === undefined ? [] : [`goes on as ${next}`]),
    ...unread.map(({ kind, name, key, at }) => `unread ${kind} ${name} ${key}  ${at}`),
    ...byHand.map(({ at, action, by, why, seq, takenFrom, from }) => {
      const what = `${action}${seq === undefined ? '' : ` ${seq}`}${from === undefined ? '' : ` of ${from}`}`
      return `${at} ${by}: ${what}: ${why}${takenFrom === undefined ? '' : ` (taken from ${takenFrom})`}`
    }),
  ]
}

function lockLine({ kind, key, stands, since, heldBy, waiting }: LockView): string {
  const who = stands === 'held' ? 'holds' : `waits for (held by ${heldBy ?? ''})`
  return `${who} ${kind} '${key}' since ${since}${waiting === 0 ? '' : `; ${waiting} wait`}`
}

function toText(value: unknown): string {
  const text = JSON.stringify(value) ?? ''
  return text.length > maxValue ? `${text.slice(0, maxValue - 1)}…` : text
}
