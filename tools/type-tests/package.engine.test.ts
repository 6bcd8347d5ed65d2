// The package as a user has it: packed, installed into a fresh project, its types used from there. What is inferred from it
// must be exportable (`declaration: true`): a type that cannot be named from `banyan` is TS2742, TS2883 or TS7056 in every
// contract and service of every user. The `linked` layout is pnpm's: only direct dependencies can be named.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packPackages } from '../src/build/pack.ts'
import { repositoryRoot } from '../src/source/sources.ts'
import { compile } from './compiler.ts'

const folder = mkdtempSync(join(tmpdir(), 'banyan-package-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let tarball: string
beforeAll(async () => {
  const packed = await packPackages(join(folder, 'packed'), repositoryRoot, ['banyan'])
  tarball = packed['banyan'] as string
})

const good = fileURLToPath(new URL('./fixtures/good', import.meta.url))

/** A fresh project with the good shop as its source, and the package installed. */
async function createProject(name: string, layout: 'hoisted' | 'linked'): Promise<string> {
  const project = join(folder, name)
  mkdirSync(project)
  cpSync(good, join(project, 'src'), { recursive: true })
  const dependencies = { banyan: `file:${tarball}`, zod: '4.6.7', '@types/node': '24' }
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'shop', version: '1.0.0', type: 'module', dependencies }),
  )
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', `--install-strategy=${layout}`]
  await promisify(execFile)('npm', ['install', ...quiet], { cwd: project })
  return project
}

async function check(project: string, resolution: 'nodenext' | 'bundler'): Promise<string> {
  const name = `tsconfig.${resolution}.json`
  const compilerOptions = {
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
    paths: {},
    noEmit: false,
    emitDeclarationOnly: true,
    skipLibCheck: false,
    rootDir: './src',
    outDir: `./${resolution}`,
  }
  const { code, said } = await compileWith(project, name, compilerOptions)
  expect(said).toBe('')
  expect(code).toBe(0)
  return readFileSync(join(project, resolution, 'orders', 'service.d.ts'), 'utf8')
}

function compileWith(project: string, name: string, compilerOptions: object) {
  const text = JSON.stringify({ extends: './src/tsconfig.json', compilerOptions, include: ['src'] })
  writeFileSync(join(project, name), text)
  return compile(join(project, name))
}

describe.each(['hoisted', 'linked'] as const)('installed by npm, %s', (layout) => {
  let project: string
  beforeAll(async () => {
    project = await createProject(layout, layout)
  })

  test.each(['nodenext', 'bundler'] as const)('contracts and services can be exported under %s', async (resolution) => {
    expect(await check(project, resolution)).toContain(
      'Service<"orders", "inventory" | "payments", "orders" | "payments">',
    )
  })
})
