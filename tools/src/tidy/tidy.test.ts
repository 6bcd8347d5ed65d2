// One failing example per rule, and beside it what the rule must let pass.
import { describe, expect, test } from 'vitest'
import { fileLimit, functionLimit, lookTwice, ratchet } from './size.ts'
import { checkTidy, parseAll } from './tidy.ts'

const opening = '// What it is for.\n'

function faults(path: string, text: string, baseline = {}): string[] {
  return checkTidy(new Map([[path, text]]), baseline).map((item) => `${item.rule}:${item.line}`)
}

function inLibrary(text: string, path = 'packages/banyan/src/bus/a.ts'): string[] {
  return faults(path, `${opening}${text}`)
}

function long(lines: number): string {
  return opening + 'export const a = 1\n'.repeat(lines - 1)
}

describe('size', () => {
  const path = 'packages/banyan/src/bus/a.ts'

  test('a file above the limit fails even when it is listed', () => {
    expect(faults(path, long(fileLimit + 1), { [path]: fileLimit + 1 })).toEqual([`file-size:${fileLimit + 1}`])
  })

  test('a file to look at twice must be listed, and may then only shrink', () => {
    const lines = lookTwice + 10
    expect(faults(path, long(lookTwice))).toEqual([])
    expect(faults(path, long(lines))).toEqual([`file-size:${lines}`])
    expect(faults(path, long(lines), { [path]: lines })).toEqual([])
    expect(faults(path, long(lines), { [path]: lines - 1 })).toEqual([`file-size:${lines}`])
    expect(faults(path, long(lines), { [path]: lines + 1 })).toEqual(['baseline:1'])
    expect(faults(path, opening, { 'packages/banyan/src/gone.ts': 300 })).toEqual(['baseline:1'])
    expect(faults('packages/banyan/src/bus/a.test.ts', long(lines))).toEqual([])
  })

  test('the ratchet lowers and drops, and never adds', () => {
    const files = parseAll(
      new Map([
        ['a.ts', long(300)],
        ['b.ts', long(300)],
        ['c.ts', long(20)],
      ]),
    )
    expect(ratchet(files, { 'a.ts': 350, 'c.ts': 290, 'd.ts': 260 })).toEqual({ 'a.ts': 300 })
  })

  test('a function above the limit fails, the body of a describe does not', () => {
    const body = 'a()\n'.repeat(functionLimit)
    expect(inLibrary(`export function f() {\n${body}}`)).toEqual(['function-size:2'])
    expect(inLibrary(`export const f = () => {\n${body}}`)).toEqual(['function-size:2'])
    expect(inLibrary(`describe('x', () => {\n${body}})`)).toEqual([])
    expect(inLibrary(`describe.each([1])('x', () => {\n${body}})`)).toEqual([])
    expect(inLibrary(`export function suite() {\n${body}test('x', () => {})\n}`)).toEqual([])
  })
})

describe('effects', () => {
  test.each([
    'Date.now()',
    'new Date()',
    'setTimeout(f, 1)',
    'const wait = setInterval',
    'run({ later: setImmediate })',
    'globalThis.setTimeout(f, 1)',
    'Math.random()',
    'crypto.randomUUID()',
    'crypto.getRandomValues(bytes)',
    'performance.now()',
    'AbortSignal.timeout(5)',
    'fetch(url)',
    'process.env.HOME',
    'process.exit(1)',
    "import { readFile } from 'node:fs/promises'",
    "import net from 'node:net'",
    "import { type Server } from 'node:http'",
    "import { setTimeout as delay } from 'node:timers/promises'",
    "import { randomUUID } from 'node:crypto'",
    "import { request } from 'undici'",
    "export { spawn } from 'node:child_process'",
  ])('%s is banned in the library, and allowed where the environment is made', (text) => {
    expect(inLibrary(text)).toEqual(['effect:2'])
    expect(inLibrary(text, 'packages/banyan/src/core/environment/real.ts')).toEqual([])
    expect(faults('adapters/postgres/src/a.ts', opening + text)).toEqual([])
  })

  test.each([
    'new Date(at)',
    'environment.clock.now()',
    'timers.setTimeout(f, 1)',
    'export const own = { setTimeout: f, fetch() {} }',
    'export function wait(setTimeout: F) { setTimeout(f, 1) }',
    'export const g = ({ fetch }: T) => fetch()',
    'export type Fetch = typeof fetch',
    'queueMicrotask(f)',
    "import type { IncomingMessage } from 'node:http'",
    "import { createHash } from 'node:crypto'",
  ])('%s passes', (text) => {
    expect(inLibrary(text)).toEqual([])
  })

  test('a unit test must not wait, an engine test may', () => {
    const text = "import { setTimeout as delay } from 'node:timers/promises'\nsetTimeout(f, 1)\nDate.now()"
    expect(faults('apps/cli/src/a.test.ts', text)).toEqual(['waiting:1', 'waiting:2'])
    expect(faults('apps/cli/src/a.engine.test.ts', text)).toEqual([])
  })
})

describe('names', () => {
  test.each(['utils', 'test-helpers', 'common', 'misc', 'pool-manager'])('a file or folder called %s', (name) => {
    expect(faults(`packages/banyan/src/${name}.ts`, opening)).toEqual(['vague-name:1'])
    expect(faults(`packages/banyan/src/${name}/a.ts`, opening)).toEqual(['vague-name:1'])
  })

  test.each([
    'class PoolManager {}',
    'interface IStore {}',
    'class StoreImpl {}',
    'const orderUtils = 1',
    'type FileHelpers = 1',
  ])('%s', (text) => expect(inLibrary(text)).toEqual(['vague-name:2']))

  test('a file that is not kebab-case', () => {
    expect(inLibrary('', 'packages/banyan/src/bus/deadLetter.ts')).toEqual(['kebab-case:1'])
  })

  test('near misses pass', () => {
    expect(inLibrary('export function f() { const helper = 1 }')).toEqual([])
    expect(inLibrary('interface Id {}\ninterface IO {}\nclass Implicit {}\nconst manage = 1')).toEqual([])
  })
})

describe('habits', () => {
  test('any needs a reason', () => {
    expect(inLibrary('export type A = any')).toEqual(['any:2'])
    expect(inLibrary('export type A = any // the driver types rows so')).toEqual([])
    const told = '// biome-ignore lint/suspicious/noExplicitAny:'
    expect(inLibrary(`${told} the driver types rows so\nexport type A = any`)).toEqual([])
    expect(inLibrary(`${told} -\nexport type A = any`)).toEqual(['any:3'])
    expect(inLibrary('// any old comment\nexport type A = any')).toEqual(['any:3'])
    expect(inLibrary('export const any = 1')).toEqual([])
  })

  test('tests run', () => {
    const path = 'packages/banyan/src/bus/a.test.ts'
    expect(faults(path, 'test.only(f)')).toEqual(['skipped-test:1'])
    expect(faults(path, 'test.only(f) // because')).toEqual(['skipped-test:1'])
    expect(faults(path, 'describe.concurrent.skip(f)')).toEqual(['skipped-test:1'])
    expect(faults(path, 'it.todo(f)')).toEqual(['skipped-test:1'])
    expect(faults(path, 'test.skip(f) // needs a kernel with netem')).toEqual([])
    expect(faults(path, 'test.skipIf(noServer)(f)')).toEqual([])
  })

  test('no mocks', () => {
    for (const name of ['mock', 'fn', 'spyOn', 'useFakeTimers', 'stubGlobal']) {
      expect(faults('apps/cli/src/a.test.ts', `vi.${name}()`)).toEqual(['mock:1'])
    }
    expect(faults('apps/cli/src/a.test.ts', 'vi.waitFor(f)')).toEqual([])
  })

  test('libraries are quiet, programs are not', () => {
    expect(inLibrary("console.log('x')")).toEqual(['console:2'])
    expect(faults('adapters/postgres/src/a.ts', `${opening}console.error(1)`)).toEqual(['console:2'])
    expect(faults('apps/cli/src/a.ts', `${opening}console.log(1)`)).toEqual([])
  })

  test('a file opens with a comment', () => {
    expect(faults('apps/cli/src/a.ts', 'export const a = 1')).toEqual(['opening-comment:1'])
    expect(faults('apps/cli/src/main.ts', '#!/usr/bin/env node\n// The command.\n')).toEqual([])
    expect(faults('apps/cli/src/a.test.ts', 'f()')).toEqual([])
  })
})

describe('leftovers', () => {
  // Put together, or this file would break the rule it tests.
  test.each([
    ['TO', 'DO'],
    ['FIX', 'ME'],
    ['X', 'XX'],
  ])('%s%s', (...halves) => {
    const word = halves.join('')
    expect(inLibrary(`// ${word} later`)).toEqual(['leftover:2'])
    expect(faults('docs/a.md', `${word}: write`)).toEqual(['leftover:1'])
  })

  test('a path of one machine', () => {
    for (const folder of ['work', 'root', 'home/anna', 'Users/anna']) {
      expect(faults('docs/a.md', `see /${folder}/x`)).toEqual(['machine-path:1'])
    }
    expect(faults('docs/a.md', 'GET /orders/root/1, ~/root/x, ./root/x and https://example.com/home/x')).toEqual([])
  })
})
