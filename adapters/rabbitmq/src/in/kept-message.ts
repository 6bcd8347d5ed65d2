/**
 * A message as it is kept among parked events: whole, headers included, so that it can be taken in later, when whatever could
 * not read it has been corrected. What is larger than any event may be is cut and only good to be looked at.
 */
import type { RabbitMessage } from './from-message.ts'

/** Bytes of a body that is kept. */
export const keptBytes: number = 512 * 1024

interface Kept extends Omit<RabbitMessage, 'content'> {
  readonly rabbitmq: 1
  readonly body: string
  readonly encoding: 'utf8' | 'base64'
  /** How long it was, of one that was cut. */
  readonly cutFrom?: number
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** As a text that every store takes. */
export function toKeptText(message: RabbitMessage): string {
  const { content, ...rest } = message
  const cut = content.byteLength > keptBytes ? { cutFrom: content.byteLength } : {}
  const kept: Kept = { rabbitmq: 1, ...rest, ...toText(content.subarray(0, keptBytes)), ...cut }
  return JSON.stringify(kept, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

/** Undefined for one that was cut, or kept by a version that kept bodies only. */
export function fromKeptText(text: string): RabbitMessage | undefined {
  let kept: Kept
  try {
    kept = JSON.parse(text) as Kept
  } catch {
    return undefined
  }
  if (kept?.rabbitmq !== 1 || kept.cutFrom !== undefined) return undefined
  const { rabbitmq: _, body, encoding, messageId, contentType, type, correlationId, ...rest } = kept
  return { ...rest, messageId, contentType, type, correlationId, content: Buffer.from(body, encoding) }
}

function toText(content: Buffer): Pick<Kept, 'body' | 'encoding'> {
  try {
    return { body: utf8.decode(content), encoding: 'utf8' }
  } catch {
    return { body: content.toString('base64'), encoding: 'base64' }
  }
}
