// Other people's tools judge the documents: Redocly and Spectral for OpenAPI, Spectral and the AsyncAPI parser for AsyncAPI.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Library, Members } from './fixtures/library.ts'
import { toAsyncApi, toOpenApi } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'banyan-documents-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const options = {
  title: 'Reading',
  version: '3.0.0',
  description: 'Books and who has them.',
  servers: ['https://reading.test'],
  contact: { name: 'reading-team', url: 'https://reading.test/team', email: 'team@reading.test' },
  license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
  securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
}

const asyncOptions = { ...options, servers: { log: { host: 'log.reading.test', protocol: 'nats' } } }

function write(name: string, value: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value, undefined, 2))
  return path
}

const require = createRequire(import.meta.url)

/** Where a package's command lies, whatever its `exports` hide. */
function commandOf(name: string, bin: string): string {
  for (const modules of require.resolve.paths(name) ?? []) {
    try {
      const path = join(modules, name)
      const { bin: bins } = require(join(path, 'package.json')) as { bin: Record<string, string> }
      return join(path, bins[bin] as string)
    } catch {}
  }
  throw new Error(`${name} is not installed`)
}

/** Runs a command of a development dependency; answers its exit code and all it said. */
function run(command: string, args: readonly string[]): Promise<{ code: number; said: string }> {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), said: stdout + stderr }),
    )
  })
}

const lint = (path: string) => run(commandOf('@redocly/cli', 'redocly'), ['lint', path, '--extends', 'recommended'])
const spectral = (path: string, ruleset: string) =>
  run(commandOf('@stoplight/spectral-cli', 'spectral'), ['lint', path, '--ruleset', ruleset, '--fail-severity', 'warn'])

test('Redocly accepts the OpenAPI document, and would not accept a broken one', async () => {
  const good = await lint(write('openapi.json', toOpenApi([Library, Members], options)))
  expect(good.said).toContain('Your API description is valid')
  expect(good.code).toBe(0)
  const { info: _without, ...broken } = toOpenApi([Members], options)
  expect((await lint(write('broken.json', broken))).code).not.toBe(0)
})

test('Spectral accepts the OpenAPI document', async () => {
  const ruleset = write('oas.yaml', 'extends: ["spectral:oas"]\n')
  const { code, said } = await spectral(write('openapi-2.json', toOpenApi([Library, Members], options)), ruleset)
  expect(said).toContain('No results')
  expect(code).toBe(0)
})

test('Spectral accepts the AsyncAPI document', async () => {
  const ruleset = write('async.yaml', 'extends: ["spectral:asyncapi"]\n')
  const { code, said } = await spectral(write('asyncapi.json', toAsyncApi([Library, Members], asyncOptions)), ruleset)
  expect(said).toContain('(0 errors, 0 warnings') // it says, for information, that there is a 3.1
  expect(code).toBe(0)
})

test('the AsyncAPI parser accepts the AsyncAPI document, and finds its events', async () => {
  const { Parser } = await import('@asyncapi/parser')
  const { document, diagnostics } = await new Parser().parse(
    JSON.stringify(toAsyncApi([Library, Members], asyncOptions)),
  )
  expect(diagnostics.filter(({ severity }) => severity <= 1)).toEqual([])
  const addresses = document
    ?.channels()
    .all()
    .map((channel) => channel.address())
  expect(addresses).toEqual(['library.lent.v1', 'library.outlined.v2', 'members.joined.v1'])
})
