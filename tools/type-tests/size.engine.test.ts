// A big system must not make the editor slow: 20 services of 15 operations, each calling its neighbour, each with a typed
// database. The aim is 2 s and 200 MB on a laptop. Counts are what the test holds, since they are the same everywhere; the
// time is printed. Once with one checker and once with tsc's own four, each of which counts the shared types again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compile, readCost } from './compiler.ts'
import { generateProgram } from './generate-program.ts'

/** About a tenth above what was measured when this was written. */
const bounds = [
  { flags: ['--singleThreaded'], types: 63_000, instantiations: 365_000, memoryMb: 143 },
  { flags: ['--checkers', '4'], types: 123_000, instantiations: 710_000, memoryMb: 190 },
]

const folder = mkdtempSync(join(tmpdir(), 'banyan-big-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

beforeAll(() => {
  generateProgram(folder, { services: 20, operations: 15 })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const compilerOptions = {
    paths: { banyan: [here('./fixtures/banyan.ts')] },
    typeRoots: [here('../../node_modules/@types')],
  }
  const project = { extends: here('./fixtures/good/tsconfig.json'), compilerOptions, include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project))
})

test.each(bounds)('20 services of 15 operations stay cheap to check: $flags', async ({ flags, ...bound }) => {
  const { code, said } = await compile(folder, [...flags, '--extendedDiagnostics'])
  expect(said.match(/^.*error TS.*$/gm) ?? []).toEqual([])
  expect(code).toBe(0)
  const cost = readCost(said)
  console.info(`20 × 15, ${flags.join(' ')}: ${JSON.stringify(cost)}`)
  expect(cost.types).toBeLessThan(bound.types)
  expect(cost.instantiations).toBeLessThan(bound.instantiations)
  expect(cost.memoryMb).toBeLessThan(bound.memoryMb)
})
