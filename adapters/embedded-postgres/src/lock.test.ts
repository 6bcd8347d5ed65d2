import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { acquireLock } from './lock.ts'
import { identifyProcess } from './process-identity.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'banyan-lock-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const files = (): string[] => readdirSync(directory).sort()
const write = (number: number, content: string): void =>
  writeFileSync(join(directory, `supervisor.lock.${number}`), content)
const holder = (number: number): unknown =>
  JSON.parse(readFileSync(join(directory, `supervisor.lock.${number}`), 'utf8')).holder

it('is held by one, named to the next, and free after release', () => {
  const lock = acquireLock(directory)
  expect(() => acquireLock(directory)).toThrow(
    expect.objectContaining({ code: 'ALREADY_RUNNING', message: expect.stringContaining(`${process.pid}`) }),
  )
  lock.release()
  lock.release()
  acquireLock(directory).release()
})

it('leaves one file however often it is taken, and never reuses a number', () => {
  for (let round = 0; round < 5; round++) acquireLock(directory).release()
  expect(files()).toEqual(['supervisor.lock.10'])
})

it('is taken over from a process that died, whose pid may live on as another', () => {
  write(7, JSON.stringify({ holder: { pid: process.pid, startedAt: 'another boot:1' } }))
  acquireLock(directory)
  expect(files()).toEqual(['supervisor.lock.8'])
  expect(holder(8)).toEqual(identifyProcess(process.pid))
})

it('is not given back by one who lost it', () => {
  const lost = acquireLock(directory)
  write(2, JSON.stringify({ holder: identifyProcess(process.ppid) }))
  lost.release()
  expect(files()).toContain('supervisor.lock.2')
  expect(() => acquireLock(directory)).toThrow(expect.objectContaining({ code: 'ALREADY_RUNNING' }))
})

it.each(['', '{', '{"holder":null}', 'null'])('survives a lock file that holds %j', (content) => {
  write(3, content)
  acquireLock(directory)
  expect(files()).toEqual(['supervisor.lock.4'])
})

it('removes what contenders left unfinished', () => {
  writeFileSync(join(directory, 'supervisor.lock.draft-1-abcd'), '')
  acquireLock(directory)
  expect(files()).toEqual(['supervisor.lock.1'])
})

it('release does not mind that the folder is gone', () => {
  const lock = acquireLock(directory)
  rmSync(directory, { recursive: true })
  expect(() => lock.release()).not.toThrow()
})
