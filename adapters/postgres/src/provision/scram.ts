/**
 * SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677) in the form Postgres stores, so that a password never travels in the text of
 * a statement, where the server's log might keep it.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/** Postgres' own default, `scram_iterations`. */
const iterations = 4_096

/** What to give to `ALTER ROLE … PASSWORD`. For passwords of ASCII characters, which need no SASLprep. */
export function toScramVerifier(password: string, salt: Uint8Array = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64')
  const serverKey = hmac(salted, 'Server Key').toString('base64')
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
