// Gives a copied cluster a system identifier of its own. PostgreSQL draws one at initdb and it must be unique: replicas
// and our own read cursors recognise a foreign cluster by it, and every copy of one template would carry the same.
// pg_resetwal, which could change it, is not shipped, so the two places are written here: global/pg_control (first
// 8 bytes, sealed by a CRC-32C) and the first page header of each WAL segment (offset 24). Whatever does not look
// exactly as expected is refused, and the `postgres --single` run that follows proves the result: it refuses a control
// file with a wrong CRC and a WAL of another identity.
// Sources: ControlFileData in src/include/catalog/pg_control.h, XLogLongPageHeaderData in access/xlog_internal.h.
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const CONTROL_BYTES = 512 // the struct must fit one disk sector
const WAL_IDENTIFIER_OFFSET = 24
const WAL_HEADER_BYTES = 40
/** XLP_LONG_HEADER: the page header is the long one, which carries the identifier. */
const LONG_HEADER_FLAG = 0x0002

export function readSystemIdentifier(clusterDir: string): bigint {
  return readStart(join(clusterDir, 'global', 'pg_control'), 8).readBigUInt64LE()
}

export function renewSystemIdentifier(clusterDir: string, nowMs: number = Date.now()): bigint {
  const controlFile = join(clusterDir, 'global', 'pg_control')
  const control = readStart(controlFile, CONTROL_BYTES)
  const crcOffset = findCrcOffset(control)
  const previous = control.readBigUInt64LE()
  // As initdb does: seconds above, something random below. 63 bits, because SQL shows it as a signed bigint.
  const next = (BigInt(Math.floor(nowMs / 1000)) << 32n) | BigInt(randomBytes(4).readUInt32LE())
  for (const segment of walSegments(clusterDir)) renewWalSegment(segment, previous, next)
  control.writeBigUInt64LE(next)
  control.writeUInt32LE(crc32c(control.subarray(0, crcOffset)), crcOffset)
  writeStart(controlFile, control.subarray(0, crcOffset + 4))
  return next
}

function findCrcOffset(control: Buffer): number {
  for (let offset = 200; offset + 4 <= control.length; offset += 4) {
    if (control.readUInt32LE(offset) === crc32c(control.subarray(0, offset))) return offset
  }
  throw new Error('global/pg_control does not have the layout this version was written for')
}

function walSegments(clusterDir: string): string[] {
  const directory = join(clusterDir, 'pg_wal')
  const segments = readdirSync(directory).filter((name) => /^[0-9A-F]{24}$/.test(name))
  if (segments.length === 0) throw new Error('pg_wal has no segment')
  return segments.map((name) => join(directory, name))
}

function renewWalSegment(path: string, previous: bigint, next: bigint): void {
  const header = readStart(path, WAL_HEADER_BYTES)
  const isLong = (header.readUInt16LE(2) & LONG_HEADER_FLAG) !== 0
  if (!isLong || header.readBigUInt64LE(WAL_IDENTIFIER_OFFSET) !== previous) {
    throw new Error(`${path} does not begin with the header this version was written for`)
  }
  header.writeBigUInt64LE(next, WAL_IDENTIFIER_OFFSET)
  writeStart(path, header)
}

function readStart(path: string, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  const handle = openSync(path, 'r')
  try {
    if (readSync(handle, buffer, 0, bytes, 0) !== bytes) throw new Error(`${path} is too short`)
    return buffer
  } finally {
    closeSync(handle)
  }
}

function writeStart(path: string, content: Buffer): void {
  const handle = openSync(path, 'r+')
  try {
    writeSync(handle, content, 0, content.length, 0)
  } finally {
    closeSync(handle)
  }
}

/** CRC-32C (Castagnoli, RFC 3720 B.4). Bit by bit: it sees a few hundred bytes, once per new cluster. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78
  }
  return (crc ^ 0xffffffff) >>> 0
}
