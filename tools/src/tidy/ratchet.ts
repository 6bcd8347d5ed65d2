// Lowers tools/tidy-baseline.json to what the files have shrunk to (`npm run tidy:ratchet`). It never raises a number
// or adds a file: that is done by hand, and seen in review.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSources, repositoryRoot } from '../source/sources.ts'
import { type Baseline, ratchet } from './size.ts'
import { parseAll, wantedByTidy } from './tidy.ts'

const file = join(repositoryRoot, 'tools/tidy-baseline.json')
const sources = readSources(repositoryRoot, [''], wantedByTidy)
const lowered = ratchet(parseAll(sources), JSON.parse(readFileSync(file, 'utf8')) as Baseline)
writeFileSync(file, `${JSON.stringify(lowered, null, 2)}\n`)
