// The lines of the provider's ledger. Each is a fact that has happened; nothing is ever edited, so that replaying the
// file from the top gives exactly the state that was answered from before a crash.

export interface Authorized {
  type: 'authorized'
  at: string
  key: string
  fingerprint: string
  chargeId: string
  orderId: string
  amount: number
  currency: string
  token: string
}

export interface Declined {
  type: 'declined'
  at: string
  key: string
  fingerprint: string
  code: string
  message: string
}

export interface Captured {
  type: 'captured'
  at: string
  chargeId: string
  amount: number
}

export interface Voided {
  type: 'voided'
  at: string
  chargeId: string
}

export interface Refunded {
  type: 'refunded'
  at: string
  key: string
  fingerprint: string
  refundId: string
  chargeId: string
  amount: number
}

export type Entry = Authorized | Declined | Captured | Voided | Refunded

const fields: Record<Entry['type'], { strings: string[]; integers: string[] }> = {
  authorized: {
    strings: ['at', 'key', 'fingerprint', 'chargeId', 'orderId', 'currency', 'token'],
    integers: ['amount'],
  },
  declined: { strings: ['at', 'key', 'fingerprint', 'code', 'message'], integers: [] },
  captured: { strings: ['at', 'chargeId'], integers: ['amount'] },
  voided: { strings: ['at', 'chargeId'], integers: [] },
  refunded: { strings: ['at', 'key', 'fingerprint', 'refundId', 'chargeId'], integers: ['amount'] },
}

/** Reads one line of the ledger; undefined when it is not a whole entry (a torn write, or damage). */
export function toEntry(line: string): Entry | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  return isEntry(value) ? value : undefined
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Record<string, unknown>
  const type = record['type']
  if (typeof type !== 'string' || !Object.hasOwn(fields, type)) return false
  const { strings, integers } = fields[type as Entry['type']]
  return (
    strings.every((name) => typeof record[name] === 'string') &&
    integers.every((name) => Number.isSafeInteger(record[name]))
  )
}
