// The build, on a small workspace made for it: what comes out is what a user can import, and what is wrong is said.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { repositoryRoot } from '../source/sources.ts'
import { buildPackages } from './build.ts'
import { checkPackage } from './check.ts'
import { packPackages } from './pack.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const library = {
  name: 'tree',
  version: '1.2.3',
  license: 'MIT',
  type: 'module',
  exports: { '.': './src/index.ts', './core': './src/core/index.ts' },
}
const command = {
  name: '@tree/cli',
  version: '1.2.3',
  license: 'MIT',
  type: 'module',
  exports: { '.': './src/main.ts' },
  bin: { tree: './src/main.ts' },
  dependencies: { tree: '1.2.3' },
}

const files = {
  'packages/tree/package.json': JSON.stringify(library),
  'packages/tree/src/index.ts': "export * from './core/index.ts'\n",
  'packages/tree/src/core/index.ts':
    "export { type Leaf, createLeaf } from './leaf.ts'\nexport const late = (): Promise<typeof import('./leaf.ts')> => import('./leaf.ts')\nexport const page: URL = new URL('./page.html', import.meta.url)\nexport const worker: URL = new URL('./leaf.ts', import.meta.url)\n",
  'packages/tree/src/core/leaf.ts':
    'export interface Leaf { readonly colour: string }\nexport const createLeaf = (colour: string): Leaf => ({ colour })\n',
  'packages/tree/src/core/leaf.test.ts': "import './leaf.ts'\n",
  'packages/tree/src/testing/engine.ts': "import 'not-installed'\n",
  'packages/tree/src/core/page.html': '<p>leaf</p>',
  'apps/cli/package.json': JSON.stringify(command),
  'apps/cli/src/main.ts':
    "#!/usr/bin/env node\nimport { createLeaf } from 'tree/core'\nexport const leaf = createLeaf('green')\nconsole.log(leaf.colour)\n",
  'apps/hidden/package.json': JSON.stringify({ name: 'hidden', private: true }),
}

function workspace(changes: Record<string, string> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'banyan-build-'))
  folders.push(root)
  for (const [path, text] of Object.entries({ ...files, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  mkdirSync(join(root, 'node_modules'))
  symlinkSync(join(root, 'packages/tree'), join(root, 'node_modules/tree'))
  symlinkSync(join(repositoryRoot, 'node_modules/@types'), join(root, 'node_modules/@types'))
  return root
}

test('builds what a fresh project can install and run', async () => {
  const root = workspace()
  const tarballs = await packPackages(join(root, 'packed'), root)
  expect(Object.keys(tarballs)).toEqual(['tree', '@tree/cli'])
  expect(await checkPackage(join(root, 'packed/built/tree'), tarballs['tree'] ?? '')).toEqual([])
  expect(await checkPackage(join(root, 'packed/built/@tree/cli'), tarballs['@tree/cli'] ?? '')).toEqual([])

  const project = join(root, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  const run = promisify(execFile)
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...Object.values(tarballs)], { cwd: project })
  expect((await run(join(project, 'node_modules/.bin/tree'))).stdout).toBe('green\n')
  const script =
    "const t = await import('tree'); console.log(t.worker.pathname.split('/').pop(), (await t.late()).createLeaf('red').colour)"
  expect((await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project })).stdout).toBe(
    'leaf.js red\n',
  )
})

test('ships no tests and no build files, and points its entries at what was built', async () => {
  const root = workspace()
  await buildPackages(root)
  const dist = join(root, 'packages/tree/dist')
  const json = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'))
  expect(json.exports['./core']).toEqual({ types: './core/index.d.ts', default: './core/index.js' })
  expect(readFileSync(join(dist, 'core/index.d.ts'), 'utf8')).not.toContain("leaf.ts'")
  expect(readFileSync(join(dist, 'core/page.html'), 'utf8')).toBe('<p>leaf</p>')
  expect(existsSync(join(dist, 'core/leaf.test.js'))).toBe(false)
  expect(existsSync(join(dist, 'testing'))).toBe(false)
  expect(existsSync(join(dist, 'tsconfig.json'))).toBe(false)
  expect(existsSync(join(dist, 'LICENSE'))).toBe(true)
  expect(JSON.parse(readFileSync(join(dist, 'core/leaf.js.map'), 'utf8')).sourcesContent[0]).toContain('interface Leaf')
  expect(statSync(join(root, 'apps/cli/dist/main.js')).mode & 0o111).toBe(0o111)
})

test.each([
  [
    'a type error',
    { 'packages/tree/src/core/leaf.ts': 'export const a: string = 1' },
    /tree does not compile.*leaf\.ts.*TS2322/s,
  ],
  [
    'an export without a type',
    {
      'packages/tree/src/core/leaf.ts': `${files['packages/tree/src/core/leaf.ts']}export const f = () => g()\nconst g = () => 1`,
    },
    /leaf\.ts\(3,24\).*isolatedDeclarations/,
  ],
  [
    'a missing entry',
    { 'packages/tree/package.json': JSON.stringify({ ...library, exports: { '.': './src/no.ts' } }) },
    /tree: \. is \.\/src\/no\.ts, which does not exist/,
  ],
  [
    'a circle',
    { 'packages/tree/package.json': JSON.stringify({ ...library, dependencies: { '@tree/cli': '1.2.3' } }) },
    /depend in a circle: @tree\/cli → tree → @tree\/cli/,
  ],
])('refuses %s', async (_, changes, message) => {
  await expect(buildPackages(workspace(changes))).rejects.toThrow(message)
})

test('the package check sees an entry whose types are missing', async () => {
  const root = workspace()
  const tarballs = await packPackages(join(root, 'packed'), root)
  const built = join(root, 'packed/built/tree')
  rmSync(join(built, 'core/index.d.ts'))
  const { stdout } = await promisify(execFile)('npm', ['pack', built, '--pack-destination', root, '--json'])
  expect(tarballs['tree']).toBeDefined()
  const complaints = await checkPackage(built, join(root, JSON.parse(stdout)[0].filename))
  expect(complaints.join('\n')).toMatch(/publint: .*core\/index\.d\.ts/)
  expect(complaints.join('\n')).toMatch(/arethetypeswrong: /)
})
