/**
 * The versions of a projection that a host keeps, newest first: those that it has definitions of, each in all the builds that the
 * books know. A build that somebody asks for elsewhere appears here with the next look.
 */
import { compareVersions, type ProjectionRecord } from '../store/projections.ts'
import type { Projection } from './define-projection.ts'
import type { ProjectionHost } from './feed.ts'
import { RunningVersion } from './version.ts'

export interface VersionLine {
  /** Newest first; one at least. */
  all(): readonly RunningVersion[]
  /** Looks into the books for builds that are not kept yet, and lets go of those that were dropped. */
  meet(): Promise<void>
}

/** The line of these definitions, newest first. */
export function createVersionLine(
  host: ProjectionHost,
  chain: readonly Projection[],
  onApplied: (eventIds: readonly string[]) => void,
): VersionLine {
  const newestFirst = (one: RunningVersion, other: RunningVersion): number =>
    compareVersions(other.projection, one.projection)
  let all: readonly RunningVersion[] = chain.map((one) => new RunningVersion(host, one, onApplied))

  /** What should be kept of a definition; its first build when the books say nothing else. */
  async function keep(
    definition: Projection,
    records: readonly ProjectionRecord[],
  ): Promise<readonly RunningVersion[]> {
    const known = all.filter(({ projection }) => projection.version === definition.version)
    const own = records.filter(({ name, version }) => name === definition.name && version === definition.version)
    const builds = own.filter(({ phase }) => phase !== 'dropped').map(({ build }) => build)
    if (builds.length === 0) return known
    const gone = known.filter(({ projection }) => !builds.includes(projection.build ?? 1))
    await Promise.all(gone.map((version) => version.end()))
    return builds.map((build) => {
      const found = known.find(({ projection }) => (projection.build ?? 1) === build)
      return found ?? new RunningVersion(host, { ...definition, build }, onApplied)
    })
  }

  return {
    all: () => all,
    async meet() {
      const records = await host.store.projections.list()
      const kept: RunningVersion[] = []
      for (const definition of chain) kept.push(...(await keep(definition, records)))
      all = kept.toSorted(newestFirst)
    },
  }
}
