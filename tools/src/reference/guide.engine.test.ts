// The guide's programs: the files of its pages are written down as a reader would, compiled, tested and run.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { compile } from '../../type-tests/compiler.ts'
import { repositoryRoot } from '../source/sources.ts'
import { guideFiles } from './guide-files.ts'
import { writeProject } from './write-programs.ts'

const page = (name: string): string => readFileSync(join(repositoryRoot, `docs/guide/${name}.md`), 'utf8')
const started = page('getting-started')
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function project(name: string, files: ReadonlyMap<string, string>): string {
  const folder = writeProject(name, files)
  folders.push(folder)
  return folder
}

async function run(folder: string, args: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  return { code, said }
}

const vitest = join(repositoryRoot, 'node_modules/vitest/vitest.mjs')

describe('docs/guide/getting-started.md', () => {
  it('compiles and passes its tests in both shapes, before it has tables', { timeout: 120_000 }, async () => {
    const folder = project('guide-memory', guideFiles(started, 'A database'))
    expect(await compile(folder)).toEqual({ code: 0, said: '' })
    const { code, said } = await run(folder, [vitest, 'run', '--reporter=verbose', '--no-color'])
    expect(said).toContain('an order takes from the shelf (one)')
    expect(said).toContain('an order takes from the shelf (split)')
    expect(code, said).toBe(0)
  })

  const shapes = [
    ['in one process', 'A split', []],
    ['split', undefined, ['--split', 'all']],
  ] as const
  it.each(shapes)('answers as it says, %s', { timeout: 180_000 }, async (_, until, flags) => {
    const folder = project('guide-database', guideFiles(started, until))
    expect(await compile(folder)).toEqual({ code: 0, said: '' })
    await using shop = await startShop(folder, flags)
    const order = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"sku":"mug","quantity":2}',
    }
    expect((await fetch(`${shop.url}/orders`, order)).status).toBe(200)
    const promised = /inventory\/mug\s+# (\{.*\})/.exec(started)?.[1]
    expect(promised).toBeDefined()
    const level = async () => (await fetch(`${shop.url}/inventory/mug`)).text()
    await expect.poll(level, { timeout: 20_000 }).toBe(promised)
  })
})

describe('docs/guide/testing.md', () => {
  it('compiles and passes its tests, on a real database too', { timeout: 180_000 }, async () => {
    const files = new Map([...guideFiles(started), ...guideFiles(page('testing'))])
    // The test in memory is of the time before the tables.
    files.delete('shop.test.ts')
    const folder = project('guide-testing', files)
    expect(await compile(folder)).toEqual({ code: 0, said: '' })
    const { code, said } = await run(folder, [vitest, 'run', '--reporter=verbose', '--no-color'])
    const names = ['time.test.ts', 'delivery.test.ts', 'suites.test.ts', 'shop.engine.test.ts']
    for (const name of names) expect(said).toContain(name)
    expect(code, said).toBe(0)
  })
})

describe('docs/guide/external-systems.md', () => {
  it('compiles and passes its test in both shapes', { timeout: 120_000 }, async () => {
    const folder = project('guide-external', guideFiles(page('external-systems')))
    expect(await compile(folder)).toEqual({ code: 0, said: '' })
    const { code, said } = await run(folder, [vitest, 'run', '--reporter=verbose', '--no-color'])
    expect(said).toContain('waits for the webhook (one)')
    expect(said).toContain('waits for the webhook (split)')
    expect(code, said).toBe(0)
  })
})

interface Shop extends AsyncDisposable {
  readonly url: string
}

// `banyan dev` on free ports, with data of its own; ended as a person ends it.
async function startShop(folder: string, flags: readonly string[]): Promise<Shop> {
  const dataDir = mkdtempSync(join(tmpdir(), 'banyan-guide-'))
  const ports = ['--gateway-port', '0', '--control-port', '0']
  const args = [join(repositoryRoot, 'apps/cli/src/main.ts'), 'dev', '--no-watch', ...ports, ...flags]
  const env = { ...process.env, BANYAN_DATA_DIR: dataDir, DATABASE_URL: '' }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = async (): Promise<void> => {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined
    child.kill('SIGTERM')
    await ended
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    return { url: await gatewayOf(child), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function gatewayOf(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let said = ''
  const read = (chunk: unknown): void => {
    said += chunk
    const found = /gateway\s+(http:\/\/[\d.]+:\d+)\s/.exec(said)?.[1]
    if (found !== undefined) resolve(found)
  }
  child.stdout?.on('data', read)
  child.stderr?.on('data', read)
  child.once('exit', (code) => reject(new Error(`banyan dev ended with ${code}:\n${said}`)))
  return promise
}
