// The command line as such: help, version, what is wrong with a call, documents.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPlace, type Env, type Place, startCommand } from './testing/running-system.ts'

let place: Place
beforeAll(() => {
  place = createPlace()
})
afterAll(() => place.remove())

async function banyan(args: readonly string[], env: Env = {}) {
  const command = startCommand(args, { BANYAN_DATA_DIR: place.dataDir, ...env }, place.project)
  const { code } = await command.ended
  return { code, output: command.output() }
}

test('help of all and of each command, and the version', async () => {
  const help = await banyan(['--help'])
  expect(help.code).toBe(0)
  for (const command of ['dev', 'run', 'check', 'db', 'contract', 'events']) expect(help.output).toContain(command)
  expect(help.output).not.toContain('describe')
  const dev = await banyan(['dev', '--help'])
  expect(dev.code).toBe(0)
  for (const text of ['--split', '--no-watch', '--fresh', '--json', 'BANYAN_DATA_DIR', 'DATABASE_URL'])
    expect(dev.output).toContain(text)
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect(await banyan(['--version'])).toEqual({ code: 0, output: `${version}\n` })
})

test.each([
  ['an unknown command', ['develop'], {}, "unknown command 'develop'"],
  ['an unknown flag', ['dev', '--spilt', 'all'], {}, '--split'],
  [
    'a port that is none',
    ['dev', '--gateway-port', '80800'],
    {},
    "--gateway-port must be a port from 0 to 65535, is '80800'",
  ],
  [
    'a port that is none, by the environment',
    ['dev'],
    { BANYAN_CONTROL_PORT: 'x' },
    'BANYAN_CONTROL_PORT must be a port',
  ],
  ['two on one port', ['dev', '--gateway-port', '9', '--control-port', '9'], {}, 'cannot both have port 9'],
  ['a format that is none', ['contract', 'wsdl'], {}, "there is no format 'wsdl'"],
  ['a service that is none', ['contract', 'json', '--service', 'x'], {}, 'the system has no service x'],
  ['a host with nothing to do', ['run', '--services', ''], {}, 'there is nothing to run'],
  ['a host without what it needs', ['run', '--services', 'counter'], {}, 'there is no database for counter, bus'],
  ['peers that are none', ['run'], { BANYAN_PEERS: 'counter' }, 'BANYAN_PEERS must be like'],
  ['no command', [], {}, 'Usage: banyan'],
] as const)('%s: exit code 2, in a line or two', async (_, args, env, text) => {
  const { code, output } = await banyan(args, env as Env)
  expect(code).toBe(2)
  expect(output).toContain(text)
  expect(output).not.toContain('    at ')
})

test('a folder without a system, and a file that is wrong: exit code 1, in a line and a hint', async () => {
  const nowhere = await banyan(['dev', '--project', join(place.project, 'nowhere')])
  expect(nowhere).toEqual({ code: 1, output: expect.stringMatching(/^banyan: there is no folder .*\n {2}.*\n$/) })
  const other = createPlace()
  writeFileSync(join(other.project, 'banyan.json'), '{ "gatewayPort": 1, "processes": [{ "name": "A" }] }')
  const { code, output } = await banyan(['dev', '--project', other.project])
  await other.remove()
  expect(code).toBe(1)
  expect(output).toContain("'gatewayPort' is no setting")
  expect(output).toContain("'processes[0].name' must be")
  expect(output).toContain("'processes[0].command' must be")
})

test('an error as JSON for a program, and with its stack for who debugs', async () => {
  const { code, output } = await banyan(['check', '--project', '/nowhere-at-all', '--json'])
  expect(code).toBe(1)
  expect(JSON.parse(output)).toMatchObject({ error: { message: expect.stringContaining('/nowhere-at-all') } })
  const debug = await banyan(['check', '--project', '/nowhere-at-all'], { BANYAN_DEBUG: '1' })
  expect(debug.output).toContain('    at ')
})

describe('documents', () => {
  test.each([
    ['openapi', (document: { openapi?: string }) => document.openapi?.startsWith('3.1')],
    ['asyncapi', (document: { asyncapi?: string }) => document.asyncapi?.startsWith('3.')],
    ['json', (document: unknown) => Array.isArray(document) && document.length === 2],
  ] as const)('contract %s', async (format, isRight) => {
    const printed = await banyan(['contract', format])
    expect(printed.code).toBe(0)
    expect(isRight(JSON.parse(printed.output) as never)).toBe(true)
    const file = join(place.project, `${format}.out`)
    expect(await banyan(['contract', format, '--out', file])).toEqual({ code: 0, output: '' })
    expect(readFileSync(file, 'utf8')).toBe(printed.output)
  })
})

test('check: well, and not', async () => {
  const good = await banyan(['check', '--json'])
  expect(good.code).toBe(0)
  expect(JSON.parse(good.output)).toMatchObject({ services: ['counter', 'greeter'], errors: 0, warnings: 0 })
  writeFileSync(
    join(place.project, 'greeter/spy.ts'),
    `\nimport { counter } from '../counter/service.ts'\nexport { counter }\n`,
  )
  const bad = await banyan(['check'])
  expect(bad.code).toBe(1)
  expect(bad.output).toContain("greeter/spy.ts:2:1 error foreign-import: 'greeter' imports counter/service.ts")
})
