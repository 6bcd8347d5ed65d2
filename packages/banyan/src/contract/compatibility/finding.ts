/** What a comparison of schemas finds. */

/** `compatible` is proven, `incompatible` has a witness; everything between is `unknown`. */
export type Verdict = 'compatible' | 'incompatible' | 'unknown'

/** One thing that a reader may refuse. */
export interface Finding {
  /** JSON Pointer into the documents; elements of lists by an index, entries of maps by an example of a key. */
  readonly path: string
  /** The keyword of JSON Schema that differs: `required`, `enum`, `maxLength` …; `size` when the schemas are too large. */
  readonly rule: string
  /** What the writer's schema says of the rule; undefined when it says nothing. */
  readonly writer: unknown
  /** What the reader's says. */
  readonly reader: unknown
  /**
   * True when `witness` was put through both compiled validators: the writer's accepts it, the reader's refuses it. False when
   * no such document was found, which proves nothing.
   */
  readonly confirmed: boolean
  readonly witness?: unknown
  /** What the reader's validator says about the witness. */
  readonly refusal?: string
}

/** The answer of a comparison. */
export interface Comparison {
  readonly verdict: Verdict
  /** Confirmed ones first; [] when compatible. */
  readonly findings: readonly Finding[]
}

/** The verdict that findings come to. */
export function verdictOf(findings: readonly { readonly confirmed: boolean }[]): Verdict {
  if (findings.some(({ confirmed }) => confirmed)) return 'incompatible'
  return findings.length === 0 ? 'compatible' : 'unknown'
}
