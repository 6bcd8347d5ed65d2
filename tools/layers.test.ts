// Holds the repository to its shape. The rules, each with an example that breaks it: src/layers/layers.test.ts.
import { expect, test } from 'vitest'
// Data about the library, not code of it: no package exports its own layers.
import { layers, tiers } from '../packages/banyan/layers.ts'
import { checkLayers } from './src/layers/layers.ts'
import { formatViolation, readSources, repositoryRoot } from './src/source/sources.ts'

test('every import follows the shape of the repository', () => {
  const folders = [...tiers, 'benchmarks', 'tools']
  const wanted = (path: string): boolean => /\.ts$|\/package\.json$/.test(path)
  const sources = readSources(repositoryRoot, folders, wanted)
  sources.delete('tools/layers.test.ts')
  expect(sources.size).toBeGreaterThan(30)
  const violations = checkLayers(sources, { source: 'packages/banyan/src', layers, tiers })
  expect(violations.map(formatViolation)).toEqual([])
}, 60_000)
