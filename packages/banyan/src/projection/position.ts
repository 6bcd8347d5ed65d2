/**
 * Position tokens: what a command has published, so that a reader can wait until its own writes are in the read model it asks.
 *
 * An offset in the log would be shorter, but there is none yet when a command answers: the relay gives it later. What is known at
 * once is which events go out with the commit, and an event that is applied has a mark. So a token names, for each producing
 * service, its last events, each with a tag of its type, by which a projection knows those that it takes at all.
 *
 * The text is opaque to users and untrusted input to us: bounded in length, in entries and in age.
 */
import { BanyanError } from '../core/error.ts'
import { timeOfEventId } from '../store/inbox.ts'

/** One event that was published. */
export interface PositionEntry {
  readonly source: string
  /** See {@link tagOfType}. */
  readonly tag: number
  /** A UUID of version 7. */
  readonly id: string
}

/** What was published, oldest first. */
export type Position = readonly PositionEntry[]

/** Events that a token names; of more, the last ones. */
export const maxPositionEntries = 32
/** How long a token means something, in milliseconds: well below the time for which marks are kept (7 days). */
export const maxPositionAgeMs = 86_400_000
/** How far the clock that made an id may be ahead of ours, in milliseconds. */
const maxSkewMs = 300_000
/** 32 entries, and as many names of services. */
const maxTextLength = 2_500
const bytesPerEntry = 20
const shape = /^[a-z][a-z0-9-]{0,39}~[A-Za-z0-9_-]+(?:\.[a-z][a-z0-9-]{0,39}~[A-Za-z0-9_-]+)*$/

/** A short name of an event type: 32 bits. A collision costs a wait, never an answer that is too old. */
export function tagOfType(type: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < type.length; index += 1) hash = Math.imul(hash ^ type.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** Both, the last {@link maxPositionEntries} of them. */
export function joinPositions(one: Position | undefined, other: Position | undefined): Position | undefined {
  if (one === undefined || other === undefined) return one ?? other
  const known = new Set(one.map(({ id }) => id))
  return [...one, ...other.filter(({ id }) => !known.has(id))].slice(-maxPositionEntries)
}

/**
 * The token as text: letters, digits, '-', '_', '.' and '~', at most 2 500 characters.
 *
 * @example
 * const id = '01890a5d-ac96-774b-bcce-b302099a8057'
 * formatPosition([{ source: 'orders', tag: tagOfType('orders.placed.v1'), id }]) // 'orders~AW0-8gGJCl2slndLvM6zAgmagFc'
 */
export function formatPosition(position: Position): string {
  const bySource = new Map<string, Buffer[]>()
  for (const { source, tag, id } of position.slice(-maxPositionEntries)) {
    const entry = Buffer.alloc(bytesPerEntry)
    entry.writeUInt32BE(tag, 0)
    entry.write(id.replaceAll('-', ''), 4, 'hex')
    bySource.set(source, [...(bySource.get(source) ?? []), entry])
  }
  return [...bySource].map(([source, entries]) => `${source}~${Buffer.concat(entries).toString('base64url')}`).join('.')
}

/**
 * Reads a token that came from outside; of one that another host of this system hands on, without `nowMs`, the age is not judged: the
 * calendars of two hosts may differ, and work that is done must not fail for it.
 *
 * Errors: INVALID_ARGUMENT `BAD_POSITION` for what no service of ours has made, `POSITION_EXPIRED` for what is older than a day.
 */
export function parsePosition(text: string, nowMs?: number): Position {
  if (text.length > maxTextLength || !shape.test(text)) throw badPosition()
  const position = text.split('.').flatMap(toEntries)
  if (position.length > maxPositionEntries) throw badPosition()
  if (nowMs !== undefined) assertAge(position, nowMs)
  return position
}

function assertAge(position: Position, nowMs: number): void {
  for (const { id } of position) {
    const ageMs = nowMs - (timeOfEventId(id) ?? Number.NEGATIVE_INFINITY)
    if (ageMs < -maxSkewMs) throw badPosition()
    if (ageMs > maxPositionAgeMs) throw expired()
  }
}

function toEntries(part: string): PositionEntry[] {
  const [source = '', text = ''] = part.split('~')
  const bytes = Buffer.from(text, 'base64url')
  // Decoding skips what it does not know, so what it made is written again and compared.
  if (bytes.length === 0 || bytes.length % bytesPerEntry !== 0 || bytes.toString('base64url') !== text)
    throw badPosition()
  return Array.from({ length: bytes.length / bytesPerEntry }, (_, index) => {
    const entry = bytes.subarray(index * bytesPerEntry, (index + 1) * bytesPerEntry)
    return { source, tag: entry.readUInt32BE(0), id: toUuid(entry.subarray(4).toString('hex')) }
  })
}

function toUuid(hex: string): string {
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  if (!/^.{14}7.{4}[89ab]/.test(id)) throw badPosition()
  return id
}

function badPosition(): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', 'this is no position token of this system', {
    reason: 'BAD_POSITION',
    httpStatus: 400,
    hint: 'Send back what the answer of a command had in its banyan-position header, unchanged.',
  })
}

function expired(): BanyanError {
  return new BanyanError(
    'INVALID_ARGUMENT',
    `this position token is older than ${maxPositionAgeMs / 3_600_000} hours`,
    {
      reason: 'POSITION_EXPIRED',
      httpStatus: 400,
      hint: 'Ask without it: what was written then is long since visible.',
    },
  )
}
