/** What goes back to the server: how far we have received and how far everything is safe with us. */
import { postgresEpochMs } from './bytes.ts'
import type { Lsn } from './lsn.ts'

/**
 * A Standby Status Update. The server may forget what lies below `flushed`, so that is only what was committed on our side;
 * it is a position *after* the last byte, as the end of a commit is, so nothing is added to it. `ask` makes the server answer
 * at once, with a keepalive.
 */
export function toStandbyStatus(written: Lsn, flushed: Lsn, nowMs: number, ask: boolean): Buffer {
  const bytes = Buffer.alloc(34)
  bytes.write('r', 0, 'latin1')
  bytes.writeBigUInt64BE(written > flushed ? written : flushed, 1)
  bytes.writeBigUInt64BE(flushed, 9)
  bytes.writeBigUInt64BE(flushed, 17)
  bytes.writeBigInt64BE(BigInt(Math.floor(nowMs) - postgresEpochMs) * 1_000n, 25)
  bytes.writeUInt8(ask ? 1 : 0, 33)
  return bytes
}
