/**
 * How the audits of a host went: what each found last, when it could last run to its end, and why it could not. An audit that
 * cannot run is no audit that finds nothing, so the two are told apart.
 */

/** The audits of one source, or of one group on it. */
export interface AuditRun {
  readonly source: string
  /** Of a group; left out of the source itself. */
  readonly group?: string
  /** When the last one ran to its end, in milliseconds since 1970; undefined when none has. */
  readonly doneAtMs: number | undefined
  /** Why the last one could not run to its end; undefined when it could. */
  readonly error: string | undefined
  /** Audits that found something, since this host began. */
  readonly faulty: number
  /** What the last one found, by kind: `missing`, `duplicated`, `inverted` of a source, `unmarked` of a group. */
  readonly findings: Readonly<Record<string, number>>
}

/** What is audited. */
export type Audited = Pick<AuditRun, 'source' | 'group'>

export interface AuditRuns {
  done(audited: Audited, findings: AuditRun['findings'], atMs: number): void
  failed(audited: Audited, error: string): void
  /** Another host looks after it now. */
  forget(audited: Audited): void
  all(): Readonly<Record<string, AuditRun>>
}

const nameOf = ({ source, group }: Audited): string => (group === undefined ? source : `${group} ${source}`)

export function createAuditRuns(): AuditRuns {
  const runs = new Map<string, AuditRun>()
  const kept = ({ source, group }: Audited): Audited => (group === undefined ? { source } : { source, group })
  return {
    done(audited, findings, atMs) {
      const before = runs.get(nameOf(audited))?.faulty ?? 0
      const faulty = before + (Object.values(findings).some((count) => count > 0) ? 1 : 0)
      runs.set(nameOf(audited), { ...kept(audited), doneAtMs: atMs, error: undefined, faulty, findings })
    },
    failed(audited, error) {
      const before = runs.get(nameOf(audited)) ?? { doneAtMs: undefined, faulty: 0, findings: {} }
      runs.set(nameOf(audited), { ...before, ...kept(audited), error })
    },
    forget: (audited) => void runs.delete(nameOf(audited)),
    all: () => Object.fromEntries(runs),
  }
}
