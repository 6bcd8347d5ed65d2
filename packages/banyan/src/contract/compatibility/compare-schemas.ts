/**
 * Can every document that one schema accepts be read by another? Registries compare texts by tables of allowed changes and so
 * refuse safe ones (an optional property added) and accept others; here inclusion is proven, and what is refuted is shown by
 * a document that one compiled validator accepts and the other refuses. Between proof and witness lies "unknown", which is
 * never taken for "compatible".
 */
import { type Compiled, compileSchema } from '../../schema/compile.ts'
import type { JsonSchema } from '../../schema/json-schema.ts'
import { readSchema } from '../../schema/read/read.ts'
import { INVALID } from '../../schema/value.ts'
import { type Comparison, type Finding, verdictOf } from './finding.ts'
import { findDifferences } from './inclusion.ts'
import type { Difference } from './prover.ts'
import { Sampler } from './sample.ts'

/** How a reader is meant to treat documents. */
export interface CompareOptions {
  /**
   * Properties that the reader does not know: 'strip' drops them (between services, and from the log), 'refuse' refuses the
   * document (at the public edge). Default 'strip'.
   */
  readonly unknown?: 'strip' | 'refuse'
}

/** Documents tried for one difference. */
const maxTrials = 300

/**
 * Compares the schema of who writes with the schema of who reads.
 *
 * A document "of the writer" is what its service sends: validated, defaults filled in, unknown properties stripped. Limits of
 * nesting (64 levels) are left out of account. Throws SchemaError when one of the schemas cannot be used.
 *
 * @example
 * const old = t.Object({ sku: t.String() }) as unknown as JsonSchema
 * const next = t.Object({ sku: t.String({ maxLength: 3 }) }) as unknown as JsonSchema
 * const { verdict, findings } = compareSchemas(old, next)
 * verdict // 'incompatible'
 * findings[0].path // '/sku'
 * findings[0].witness // { sku: 'text' }
 */
export function compareSchemas(writer: JsonSchema, reader: JsonSchema, options: CompareOptions = {}): Comparison {
  const refuses = options.unknown === 'refuse'
  const [written, read] = [readSchema(writer).shape, readSchema(reader).shape]
  const sampler = new Sampler(refuses)
  const differences = findDifferences(written, read, refuses, sampler)
  if (differences.length === 0) return { verdict: 'compatible', findings: [] }
  const judges: Judges = {
    writer: compileSchema(writer, { extras: 'strip' }),
    reader: compileSchema(reader, { extras: refuses ? 'reject' : 'strip' }),
  }
  const findings = differences.map((difference) => toFinding(difference, judges, () => sampler.samples(written)))
  const found = withoutEchoes(findings)
  return { verdict: verdictOf(found), findings: found }
}

interface Judges {
  readonly writer: Compiled
  readonly reader: Compiled
}

function toFinding(difference: Difference, judges: Judges, documents: () => readonly unknown[]): Finding {
  const { place, rule, writer, reader } = difference
  const facts = { path: place.path, rule, writer, reader }
  let trials = 0
  for (const candidate of proposals(difference, documents)) {
    if (++trials > maxTrials) break
    const witness = confirm(candidate, place.path, judges)
    if (witness !== undefined) return { ...facts, confirmed: true, ...witness }
  }
  return { ...facts, confirmed: false }
}

/** Documents with a candidate in its place, then documents of any kind. */
function* proposals({ place, candidates }: Difference, documents: () => readonly unknown[]): Generator<unknown> {
  for (const candidate of candidates()) if (candidate !== undefined) yield place.embed(candidate)
  yield* documents()
}

/** The document as the writer sends it, if it sends it and the reader refuses it for what stands at this place. */
function confirm(
  candidate: unknown,
  path: string,
  { writer, reader }: Judges,
): { readonly witness: unknown; readonly refusal: string } | undefined {
  if (candidate === undefined) return undefined
  const witness = writer.copy(candidate)
  if (witness === INVALID || !writer.check(witness) || reader.check(witness)) return undefined
  const issues = reader.explain(witness)
  const issue = issues.find((one) => one.path === path) ?? issues.find((one) => isRelated(one.path, path))
  return issue && { witness, refusal: issue.message }
}

/** The one lies within the other: a rule about a whole speaks of its parts. */
function isRelated(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`)
}

/** One rule at one place is told once; confirmed findings come first. */
function withoutEchoes(findings: readonly Finding[]): readonly Finding[] {
  const byPlace = new Map<string, Finding>()
  for (const finding of findings) {
    const key = `${finding.path} ${finding.rule} ${JSON.stringify(finding.reader)}`
    const known = byPlace.get(key)
    if (known === undefined || (finding.confirmed && !known.confirmed)) byPlace.set(key, finding)
  }
  const all = [...byPlace.values()]
  return [...all.filter(({ confirmed }) => confirmed), ...all.filter(({ confirmed }) => !confirmed)]
}
