// Holds the repository to its style. The rules, each with an example that breaks it: src/tidy/tidy.test.ts.
import { expect, test } from 'vitest'
import { formatViolation, readSources, repositoryRoot } from './src/source/sources.ts'
import { checkTidy, wantedByTidy } from './src/tidy/tidy.ts'
import baseline from './tidy-baseline.json' with { type: 'json' }

test('every file is tidy', () => {
  const sources = readSources(repositoryRoot, [''], wantedByTidy)
  sources.delete('package-lock.json')
  expect(sources.size).toBeGreaterThan(50)
  expect(checkTidy(sources, baseline).map(formatViolation)).toEqual([])
}, 60_000)
