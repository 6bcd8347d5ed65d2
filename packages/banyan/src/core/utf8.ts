/** Text from bytes that must be UTF-8. */
import { Buffer, isUtf8 } from 'node:buffer'

const replacement = '\ufffd'

/** The text; undefined when the bytes are no UTF-8. A byte order mark stays. Several times as fast as a fatal TextDecoder. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  // Bad bytes become U+FFFD, which may also have been sent as such: only then is it worth a second look.
  return text.includes(replacement) && !isUtf8(buffer) ? undefined : text
}
