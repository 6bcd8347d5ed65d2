// A big system must not make the editor slow: 20 services of 15 operations, each calling its neighbour, each with a typed
// database. The aim is 2 s and 200 MB on a laptop. Counts are what the test holds, since they are the same everywhere; the
// time is printed. (One checker, because with several each counts the shared types again.)
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { compile, readCost } from './compiler.ts'
import { generateProgram } from './generate-program.ts'

/** About a tenth above what was measured when this was written. */
const bounds = { types: 70_000, instantiations: 450_000, memoryMb: 135 }

const folder = mkdtempSync(join(tmpdir(), 'banyan-big-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

test('20 services of 15 operations stay cheap to check', async () => {
  generateProgram(folder, { services: 20, operations: 15 })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const compilerOptions = {
    paths: { banyan: [here('./fixtures/banyan.ts')] },
    typeRoots: [here('../../node_modules/@types')],
  }
  const project = { extends: here('./fixtures/good/tsconfig.json'), compilerOptions, include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project))
  const { code, said } = await compile(folder, ['--singleThreaded', '--extendedDiagnostics'])
  expect(said.match(/^.*error TS.*$/gm) ?? []).toEqual([])
  expect(code).toBe(0)
  const cost = readCost(said)
  console.info(`20 × 15: ${JSON.stringify(cost)}`)
  expect(cost.types).toBeLessThan(bounds.types)
  expect(cost.instantiations).toBeLessThan(bounds.instantiations)
  expect(cost.memoryMb).toBeLessThan(bounds.memoryMb)
})
