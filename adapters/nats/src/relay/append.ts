/** The messages of one append. */
import { BanyanError } from 'banyan/core'
import type { NewEvent, OutboxCursor } from 'banyan/store'
import { toHeaders } from '../log/message.ts'
import type { ChainMessage } from './publish-chain.ts'

/** What is to be appended. */
export interface Append {
  readonly events: readonly NewEvent[]
  /** Those that have not landed. */
  readonly left: readonly NewEvent[]
  readonly cursor: OutboxCursor
}

/** How its messages are made. */
export interface MessageFacts {
  readonly epoch: number
  /** Of the append: no other has it. */
  readonly name: string
  /** See tail.ts. */
  readonly scan: number | undefined
  /** How far tests have moved the clock. */
  readonly shiftMs: number
  /** Largest message that the server takes, in bytes. */
  readonly limit: number
  readonly subjectOf: (type: string) => string
}

/** What publish-chain.ts adds. */
const chainHeaderBytes = 400

/** The last one carries the position. INVALID_ARGUMENT `EVENT_TOO_LARGE` for one that the server would not take. */
export function toMessages({ left, cursor }: Append, facts: MessageFacts): readonly ChainMessage[] {
  const { epoch, name, scan, shiftMs, limit, subjectOf } = facts
  return left.map((event, index) => {
    const last = index === left.length - 1 ? { cursor, scan } : {}
    const headers = toHeaders(event, { id: event.id, epoch, ...last }, shiftMs)
    const data = Buffer.from(event.envelope)
    assertFits(event, data.byteLength, headers.toString().length + chainHeaderBytes, limit)
    return { subject: subjectOf(event.type), id: `${event.id}/${name}`, headers, data }
  })
}

function assertFits(event: NewEvent, bytes: number, headerBytes: number, limit: number): void {
  if (bytes + headerBytes <= limit) return
  const message = `event ${event.id} (${event.type}) has ${bytes} bytes and ${headerBytes} of headers; the NATS server takes ${limit} (max_payload)`
  throw new BanyanError('INVALID_ARGUMENT', message, {
    reason: 'EVENT_TOO_LARGE',
    hint: 'Raise max_payload in the configuration of the NATS servers; the relay waits with this event until then.',
  })
}
