/** What a benchmark gives back: tables for the reader, verdicts for whoever only asks whether the targets hold. */

/** How much to measure. */
export interface Effort {
  /** Rounds in each generation of processes. */
  readonly rounds: number
  /** How often all processes are started afresh: two runs of one program are compiled differently. */
  readonly generations: number
  /** Length of one measurement. */
  readonly measureMs: number
  readonly warmUpMs: number
  /** Calls before a server and its client are measured; code that has not run often enough is not compiled yet. */
  readonly warmUpCalls: number
}

/** A number that was promised, and what it is. */
export interface Verdict {
  readonly claim: string
  readonly measured: number
  readonly atMost?: number
  readonly atLeast?: number
}

/** The result of one benchmark. */
export interface Section {
  readonly title: string
  /** Markdown: how it was measured, what is equal and what differs. */
  readonly method: string
  /** Markdown. */
  readonly tables: readonly string[]
  readonly verdicts: readonly Verdict[]
}

/** A benchmark. */
export type Benchmark = (effort: Effort, say: (line: string) => void) => Promise<Section>

/** Whether the number keeps the promise. */
export const holds = ({ measured, atMost, atLeast }: Verdict): boolean =>
  (atMost === undefined || measured <= atMost) && (atLeast === undefined || measured >= atLeast)
