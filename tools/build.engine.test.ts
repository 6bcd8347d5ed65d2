// What would be published, checked as npm and a user's compiler see it: built, packed, judged by publint and
// arethetypeswrong, installed into a fresh project, and every entry imported there.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkPackage } from './src/build/check.ts'
import { packPackages } from './src/build/pack.ts'
import { publishablePackages } from './src/build/publishable.ts'
import { repositoryRoot } from './src/source/sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'banyan-packages-'))
const names = publishablePackages(repositoryRoot).map((item) => item.json.name)
let tarballs: Record<string, string> = {}

beforeAll(async () => {
  tarballs = await packPackages(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(names)('%s satisfies publint and arethetypeswrong', async (name) => {
  expect(await checkPackage(join(folder, 'built', name), tarballs[name] ?? '')).toEqual([])
})

test('a fresh project can import every entry of every package', async () => {
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  const run = promisify(execFile)
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', ...flags, ...Object.values(tarballs)], { cwd: project })
  for (const name of names) {
    const json = JSON.parse(readFileSync(join(folder, 'built', name, 'package.json'), 'utf8')) as { exports: object }
    for (const subpath of Object.keys(json.exports)) {
      if (subpath.endsWith('.json')) continue
      const script = `await import(${JSON.stringify(join(name, subpath))})`
      await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project })
    }
  }
})
