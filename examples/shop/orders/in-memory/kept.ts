/** An order, its stock, its money and its parcel, as tests of the sagas keep them: in a map instead of five databases. */
import { defineDatabase } from 'banyan'
import type { Reason, Status } from '../order.ts'

/** An order as everybody has it. */
export interface Kept {
  status: Status
  accepted: boolean
  reason: Reason | undefined
  stock: 'none' | 'reserved' | 'released' | 'gone' | 'inspected' | 'restocked'
  money: 'none' | 'held' | 'taken' | 'given back'
  /** The payment was given up, perhaps before it was asked for. */
  givenUp: boolean
  parcel: 'none' | 'packed' | 'stopped' | 'shipped' | 'delivered' | 'claimed'
  label: 'none' | 'made' | 'used' | 'void'
  /** When its parcel goes on. */
  dueMs: number
  readonly fate: string
  /** All that it has been. */
  readonly statuses: Status[]
}

/** As it is placed. */
export const untouched = {
  status: 'pending',
  accepted: false,
  reason: undefined,
  stock: 'none',
  money: 'none',
  givenUp: false,
  parcel: 'none',
  label: 'none',
  dueMs: Number.POSITIVE_INFINITY,
} as const

/** How participants behave, by token, sku or customer. */
export const fates = {
  declined: 'tok_declined',
  slow: 'tok_slow',
  soldOut: 'sold-out',
  lost: 'lost',
  late: 'late',
  /** It is a person who cancels, and tells nobody but the saga. */
  byHand: 'by hand',
} as const

export type Of = (orderId: string) => Kept

/** A database that holds nothing but what Banyan keeps for a service. */
export const database = defineDatabase({ migrations: new URL('./', import.meta.url) })

/** An operation that no saga asks for. */
export const unused = (): never => {
  throw new Error('nobody asks for this here')
}
