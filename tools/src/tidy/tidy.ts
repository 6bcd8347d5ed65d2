// All tidy rules over all files. Modelled on TigerBeetle's tidy: a unit test over the repository's own text.
import { parseSource, type SourceFile } from '../source/parse.ts'
import type { Sources, Violation } from '../source/sources.ts'
import { effectsInEnvironment, noWaitingInUnitTests } from './effects.ts'
import { anyHasReason, noMocks, opensWithComment, quietLibraries, testsRun } from './habits.ts'
import { leftovers } from './leftovers.ts'
import { names } from './names.ts'
import type { Rule } from './rule.ts'
import { type Baseline, fileSizes, functionSizes } from './size.ts'

const rules: readonly Rule[] = [
  functionSizes,
  effectsInEnvironment,
  noWaitingInUnitTests,
  names,
  anyHasReason,
  testsRun,
  noMocks,
  quietLibraries,
  opensWithComment,
]

/** The files the rules look at. */
export const wantedByTidy = (path: string): boolean => /\.(?:ts|md|json|ya?ml|sh|sql|html|css)$|(?:^|\/)run$/.test(path)

/** Parses every TypeScript file once. */
export function parseAll(sources: Sources): SourceFile[] {
  return [...sources].flatMap(([path, text]) => (path.endsWith('.ts') ? [parseSource(path, text)] : []))
}

/** Every place where the sources break a rule. */
export function checkTidy(sources: Sources, baseline: Baseline): Violation[] {
  const files = parseAll(sources)
  return [
    ...fileSizes(files, baseline),
    ...files.flatMap((file) => rules.flatMap((rule) => rule(file))),
    ...[...sources].flatMap(([path, text]) => leftovers(path, text)),
  ]
}
