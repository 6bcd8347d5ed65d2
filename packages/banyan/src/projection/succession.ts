/** How a version follows another: it is swapped in when it has caught up, and those before it are dropped after their time. */
import type { ProjectionHost } from './feed.ts'
import type { RunningVersion } from './version.ts'

export interface Succession {
  /** Makes it live when there is nothing to read yet, so that the first reader of a new system finds it. */
  beginAtOnce(): Promise<void>
  /** Swaps it in when it is near the log's end; true when that was done. */
  trySwap(): Promise<boolean>
  /** Drops versions that were live long enough ago. */
  dropOld(): Promise<void>
}

/** The succession of the newest version that a host has. */
export function createSuccession(host: ProjectionHost, newest: RunningVersion): Succession {
  const { environment, store, bus, log } = host
  const { projection, sources } = newest
  const { name, version, target } = projection
  const inline =
    projection.mode === 'inline'
      ? { inlineTypes: projection.handlers.flatMap(({ event }) => host.typesOf(event)) }
      : undefined
  const ends = async (): Promise<ReadonlyMap<string, number>> =>
    new Map(await Promise.all(sources.map(async (source) => [source, await bus.end(source)] as const)))

  return {
    async beginAtOnce() {
      const found = await ends()
      if ([...found.values()].some((end) => end > 0)) return
      await store.projections.swap(projection, { ends: async () => new Map(), ...inline })
      await newest.register()
    },
    async trySwap() {
      const progress = newest.status().progress
      if (progress === undefined || progress.lag > projection.maxLag) return false
      const before = (await store.projections.live(name))?.version
      if ((await store.projections.swap(projection, { ends, ...inline })) !== 'swapped') return false
      log.info('a projection is live', { projection: name, version, build: projection.build ?? 1, before })
      await newest.register()
      return true
    },
    async dropOld() {
      const dueMs = environment.clock.now() - projection.keepRetiredMs
      for (const record of await store.projections.list()) {
        const due = record.phase === 'retired' && Date.parse(record.retiredAt ?? '') <= dueMs
        if (!due || record.name !== name || record.target !== target.kind) continue
        await store.projections.drop(record, { destroy: async (tx) => newest.target?.destroy(record, tx) })
        log.info('an old version of a projection was dropped', {
          projection: name,
          version: record.version,
          build: record.build,
        })
      }
    },
  }
}
