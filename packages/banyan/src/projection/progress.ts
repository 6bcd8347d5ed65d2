/** How far a version has come, how fast it is and when it will be there. */
import type { Bus } from '../bus/bus.ts'
import type { Clock } from '../core/environment/environment.ts'
import type { Projections, ProjectionVersion } from '../store/projections.ts'

/** One source of a version. */
export interface SourceProgress {
  readonly source: string
  /** Everything up to this offset is applied. */
  readonly done: number
  /** The last offset of the log. */
  readonly end: number
}

/** A version's progress over all its sources. */
export interface ProjectionProgressReport {
  readonly sources: readonly SourceProgress[]
  /** Events between where it is and the ends. */
  readonly lag: number
  /** Smoothed over the last looks; 0 when nothing moved. */
  readonly eventsPerSecond: number
  /** Until the ends as they are now, in milliseconds; undefined while nothing moves. 0 when it is there. */
  readonly etaMs: number | undefined
}

/** Looks at one version; remembers the look before for the speed. */
export interface ProgressMeter {
  look(): Promise<ProjectionProgressReport>
}

const smoothing = 0.5

export function createProgressMeter(
  of: ProjectionVersion,
  sources: readonly string[],
  { bus, projections, clock }: { readonly bus: Bus; readonly projections: Projections; readonly clock: Clock },
): ProgressMeter {
  let before: { readonly atMs: number; readonly done: number } | undefined
  let speed = 0

  function measure(done: number): void {
    const atMs = clock.monotonic()
    if (before !== undefined && atMs > before.atMs) {
      const now = ((done - before.done) * 1_000) / (atMs - before.atMs)
      speed = speed === 0 ? now : speed + smoothing * (now - speed)
    }
    before = { atMs, done }
  }
  return {
    async look() {
      const known = new Map((await projections.progress(of)).map(({ source, done }) => [source, done]))
      const report = await Promise.all(
        sources.map(async (source) => ({ source, done: known.get(source) ?? 0, end: await bus.end(source) })),
      )
      const lag = report.reduce((sum, { done, end }) => sum + Math.max(0, end - done), 0)
      measure(report.reduce((sum, { done }) => sum + done, 0))
      const eventsPerSecond = Math.max(0, Math.round(speed))
      const etaMs = lag === 0 ? 0 : eventsPerSecond === 0 ? undefined : Math.ceil((lag * 1_000) / eventsPerSecond)
      return { sources: report, lag, eventsPerSecond, etaMs }
    },
  }
}
