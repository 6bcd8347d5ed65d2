/**
 * The id of an event, made from where its change lies. The same change gives the same id each time, so that whatever dedupes
 * by id behind us helps as well. In the form of a version 7 UUID: 48 bits of time, then bits of a hash where that version has
 * random ones (RFC 9562, 5.7).
 */
import { createHash } from 'node:crypto'

export function toEventId(timeMs: number, parts: readonly (string | number)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest()
  const time = Math.max(0, Math.floor(timeMs)).toString(16).padStart(12, '0').slice(-12)
  const version = ((hash.readUInt16BE(0) & 0x0fff) | 0x7000).toString(16)
  const variant = ((hash.readUInt16BE(2) & 0x3fff) | 0x8000).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${hash.toString('hex', 4, 10)}`
}
