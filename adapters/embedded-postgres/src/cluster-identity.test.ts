import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { crc32c, readSystemIdentifier, renewSystemIdentifier } from './cluster-identity.ts'

const SEGMENT = '000000010000000000000001'
const CRC_OFFSET = 292
let cluster = ''

beforeEach(() => {
  cluster = mkdtempSync(join(tmpdir(), 'banyan-identity-'))
  mkdirSync(join(cluster, 'global'))
  mkdirSync(join(cluster, 'pg_wal'))
  const control = Buffer.alloc(8192, 0)
  control.fill(0xab, 8, CRC_OFFSET)
  control.writeBigUInt64LE(42n)
  control.writeUInt32LE(crc32c(control.subarray(0, CRC_OFFSET)), CRC_OFFSET)
  writeFileSync(join(cluster, 'global', 'pg_control'), control)
  writeWal(42n, 0x0002)
})
afterEach(() => rmSync(cluster, { recursive: true }))

function writeWal(identifier: bigint, flags: number): void {
  const wal = Buffer.alloc(4096, 0xcd)
  wal.writeUInt16LE(flags, 2)
  wal.writeBigUInt64LE(identifier, 24)
  writeFileSync(join(cluster, 'pg_wal', SEGMENT), wal)
}

it('computes CRC-32C', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283) // the check value of the catalogue of CRCs
})

it('writes the same new identifier everywhere and nothing else', () => {
  const before = readFileSync(join(cluster, 'global', 'pg_control'))
  const next = renewSystemIdentifier(cluster, 1_700_000_000_000)
  expect(next >> 32n).toBe(1_700_000_000n)
  expect(readSystemIdentifier(cluster)).toBe(next)
  const control = readFileSync(join(cluster, 'global', 'pg_control'))
  expect(control.readUInt32LE(CRC_OFFSET)).toBe(crc32c(control.subarray(0, CRC_OFFSET)))
  expect(control.subarray(8, CRC_OFFSET)).toEqual(before.subarray(8, CRC_OFFSET))
  expect(control.subarray(CRC_OFFSET + 4)).toEqual(before.subarray(CRC_OFFSET + 4))
  const wal = readFileSync(join(cluster, 'pg_wal', SEGMENT))
  expect(wal.readBigUInt64LE(24)).toBe(next)
  expect(wal.subarray(32)).toEqual(Buffer.alloc(4096 - 32, 0xcd))
})

it('refuses what it does not know instead of damaging it', () => {
  const control = join(cluster, 'global', 'pg_control')
  writeWal(43n, 0x0002)
  expect(() => renewSystemIdentifier(cluster)).toThrow(/does not begin with the header/)
  writeWal(42n, 0)
  expect(() => renewSystemIdentifier(cluster)).toThrow(/does not begin with the header/)
  expect(readSystemIdentifier(cluster)).toBe(42n)
  const bytes = readFileSync(control)
  bytes.writeUInt8(0, 100)
  writeFileSync(control, bytes)
  expect(() => renewSystemIdentifier(cluster)).toThrow(/pg_control does not have the layout/)
})
