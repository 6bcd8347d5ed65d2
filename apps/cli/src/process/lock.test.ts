import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identifyProcess, isRunning, isSurelyRunning } from './identity.ts'
import { type DirectoryLock, takeLock } from './lock.ts'
import { endOrphans, readRunRecord, removeRunRecord, writeRunRecord } from './run-record.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const self = identifyProcess(process.pid)!

test('one holder at a time; who asks is told who it is', () => {
  const lock = takeLock(folder) as DirectoryLock
  expect(takeLock(folder)).toEqual(self)
  lock.release()
  const again = takeLock(folder) as DirectoryLock
  expect(takeLock(folder)).toEqual(self)
  again.release()
})

test('who let go long ago cannot take it from who has it now', () => {
  const first = takeLock(folder) as DirectoryLock
  first.release()
  takeLock(folder)
  first.release()
  expect(takeLock(folder)).toEqual(self)
})

test('a lock of a process that is gone, or of another with its number, is taken over', () => {
  writeFileSync(join(folder, 'parent.lock.7'), JSON.stringify({ pid: process.pid, startedAt: 'another time' }))
  expect(takeLock(folder)).toHaveProperty('release')
  expect(readdirSync(folder)).toEqual(['parent.lock.8'])
})

test("a lock that cannot be read is nobody's", () => {
  writeFileSync(join(folder, 'parent.lock.2'), 'garbage')
  expect(takeLock(folder)).toHaveProperty('release')
})

test('the record is what was written, nothing when it is broken or gone', () => {
  const record = {
    parent: self,
    gateway: 'g',
    control: 'c',
    children: [{ ...self, name: 'main', kind: 'host' as const }],
  }
  writeRunRecord(folder, record)
  expect(readRunRecord(folder)).toEqual(record)
  writeFileSync(join(folder, 'run.json'), '{"parent":')
  expect(readRunRecord(folder)).toBeUndefined()
  removeRunRecord(folder)
  removeRunRecord(folder)
  expect(readRunRecord(folder)).toBeUndefined()
})

test('a process that has got an old number is never ended', async () => {
  const recycled = { pid: process.pid, startedAt: 'another time', name: 'main', kind: 'host' as const }
  expect(await endOrphans([recycled])).toEqual([])
  expect(isRunning(recycled)).toBe(false)
  expect(isSurelyRunning({ pid: process.pid, startedAt: 'unknown' })).toBe(false)
})

test('what is no process is none', () => {
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 40]) expect(identifyProcess(pid)).toBeUndefined()
})
