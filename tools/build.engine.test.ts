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

const names = publishablePackages(repositoryRoot).map((item) => item.json.name)
const folder = mkdtempSync(join(tmpdir(), 'banyan-packages-'))
let tarballs: Record<string, string> = {}

beforeAll(async () => {
  tarballs = await packPackages(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Published {
  readonly exports: Readonly<Record<string, unknown>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

function publishedJson(name: string): Published {
  return JSON.parse(readFileSync(join(folder, 'built', name, 'package.json'), 'utf8')) as Published
}

// What a user adds who wants an entry that not everybody needs (a test runner for banyan/testing).
function optionalPeers(json: Published): string[] {
  const optional = Object.entries(json.peerDependenciesMeta ?? {}).filter(([, meta]) => meta.optional)
  return optional.map(([name]) => `${name}@${json.peerDependencies?.[name] ?? '*'}`)
}

test.each(names)('%s satisfies publint and arethetypeswrong', async (name) => {
  expect(await checkPackage(join(folder, 'built', name), tarballs[name] ?? '')).toEqual([])
})

// It installs everything that all of them need, which takes a minute: `npm run check:packages`, with BANYAN_EVERY_ENGINE=1.
const every = test.skipIf(process.env['BANYAN_EVERY_ENGINE'] === undefined)
every('a fresh project can import every entry of every package', async () => {
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  const run = promisify(execFile)
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const peers = names.flatMap((name) => optionalPeers(publishedJson(name)))
  await run('npm', ['install', ...flags, ...Object.values(tarballs), ...peers], { cwd: project })
  for (const name of names) {
    const entries = Object.keys(publishedJson(name).exports).filter((subpath) => !subpath.endsWith('.json'))
    const imports = entries.map((subpath) => `await import(${JSON.stringify(join(name, subpath))})`)
    await run(process.execPath, ['--input-type=module', '-e', imports.join('\n')], { cwd: project })
  }
})
