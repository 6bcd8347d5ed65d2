/** The life of an order as a pure function: what it becomes is decided by what is known, not by when it was heard. */
import type { reasons, statuses } from './contract.ts'

export type Status = (typeof statuses)[number]
export type Reason = (typeof reasons)[number]

/** A step of an order's history. */
export interface Entry {
  /** RFC 3339. */
  readonly at: string
  readonly status: Status
  readonly reason?: Reason
}

/** Something that has become known about an order. */
export type Fact =
  | { readonly type: 'refused'; readonly reason: Reason }
  | { readonly type: 'captured' }
  | { readonly type: 'shipped' }
  | { readonly type: 'delivered' }
  | { readonly type: 'stopped' }
  | { readonly type: 'cancel' }
  | { readonly type: 'returned' }

/** From where each fact leads where; from everywhere else it changes nothing. */
const transitions: Readonly<Record<Fact['type'], readonly [from: Status, to: Status]>> = {
  refused: ['pending', 'rejected'],
  captured: ['pending', 'confirmed'],
  shipped: ['confirmed', 'shipped'],
  delivered: ['shipped', 'delivered'],
  stopped: ['confirmed', 'cancelled'],
  cancel: ['pending', 'cancelled'],
  returned: ['delivered', 'returned'],
}

/** The next status; undefined when the fact changes nothing. */
export function next(status: Status, fact: Fact): Status | undefined {
  const [from, to] = transitions[fact.type]
  return status === from ? to : undefined
}

/** The history with one more step; its times never go back, whatever the clocks of two hosts say. */
export function append(history: readonly Entry[], nowMs: number, status: Status, reason?: Reason): Entry[] {
  const lastMs = Date.parse(history.at(-1)?.at ?? '') || 0
  const at = new Date(Math.max(nowMs, lastMs)).toISOString()
  return [...history, { at, status, ...(reason === undefined ? {} : { reason }) }]
}

/** What a cancellation comes to. */
export type Cancellation = 'give up' | 'ask shipping' | 'cancelled before' | 'too late'

/** Until the shop has accepted the order it is the customer's to give up; then only its parcel can be kept back, until it has left. */
export function onCancel(status: Status, isAccepted: boolean): Cancellation {
  if (status === 'cancelled') return 'cancelled before'
  if (status === 'pending') return isAccepted ? 'ask shipping' : 'give up'
  return status === 'confirmed' ? 'ask shipping' : 'too late'
}
