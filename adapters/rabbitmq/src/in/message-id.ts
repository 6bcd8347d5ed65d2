/** The identity of a message as an event's id: its own when it is a UUID, else a UUID that is always the same for it. */
import { createHash } from 'node:crypto'

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** RFC 9562 version 8 from a hash of both. */
export function toEventId(queue: string, messageId: string): string {
  if (uuid.test(messageId)) return messageId
  const hash = createHash('sha256')
    .update(JSON.stringify([queue, messageId]))
    .digest()
  hash[6] = 0x80 | ((hash[6] as number) & 0x0f)
  hash[8] = 0x80 | ((hash[8] as number) & 0x3f)
  const text = hash.toString('hex')
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20, 32)].join('-')
}
