/**
 * Group commit: writes of many runs that are ready at the same time share a commit, so that the cost of one (a flush of the
 * write-ahead log, two messages) is paid by all of them. A run has one write under way at a time.
 *
 * A group whose commit meets an outage is repeated as it is, since the store knows what it has written (an answer may have been
 * lost); one that is refused is repeated run by run, so that one bad write cannot hold the others. Source: DeWitt et al.,
 * "Implementation techniques for main memory database systems" (1984), group commit.
 */
import { equalJitterMs, loopBackoff } from '../bus/backoff.ts'
import { isOutage } from '../bus/delivery-policy.ts'
import type { Environment } from '../core/environment/environment.ts'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import type { NewSaga, SagaStarted, Sagas, SagaWrite, SagaWriteOutcome } from '../store/sagas.ts'
import { inTime } from './in-time.ts'

/** Writes of one commit, at most. */
export const maxGroup = 256
/** Commits under way at a time. */
export const commitLanes = 2
/** How long a commit may take before it is made again, in milliseconds: its connection may be dead without saying so. */
export const commitTimeoutMs = 15_000
/** Starts that wait for a commit; more are refused (RESOURCE_EXHAUSTED `SAGA_STARTS_FULL`). */
export const maxStartsWaiting = 10_000

interface Queued<Given, Result> {
  readonly given: Given
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** See the top of the file. */
export interface GroupWriter {
  write(write: SagaWrite): Promise<SagaWriteOutcome>
  /** Starts runs; with a holder they are ours at once. */
  start(saga: NewSaga, held: boolean): Promise<SagaStarted>
  /** Commits and writes so far. */
  readonly counts: { readonly commits: number; readonly writes: number }
}

/** What a writer stands on. */
export interface GroupWriterOptions {
  readonly environment: Environment
  readonly sagas: Pick<Sagas, 'write' | 'start'>
  readonly holder: string
  /** Whether what this host holds is still its own; a write is repeated as long as it is. */
  readonly mayRepeat: () => boolean
}

/** Creates it; nothing is written until something is given. Rejects what the store rejects once it has been tried by itself. */
export function createGroupWriter(options: GroupWriterOptions): GroupWriter {
  const { sagas, holder, environment } = options
  const counts = { commits: 0, writes: 0 }
  let busy = 0
  let scheduled = false
  const writes: Queued<SagaWrite, SagaWriteOutcome>[] = []
  const held: Queued<NewSaga, SagaStarted>[] = []
  const free: Queued<NewSaga, SagaStarted>[] = []

  async function flush<Given, Result>(group: readonly Queued<Given, Result>[], commit: Commit<Given, Result>) {
    busy += 1
    counts.writes += group.length
    try {
      await commitAll(options, counts, group, commit)
    } finally {
      busy -= 1
      pump()
    }
  }
  function pump(): void {
    while (busy < commitLanes) {
      if (writes.length > 0) void flush(writes.splice(0, maxGroup), (list) => sagas.write(list))
      else if (held.length > 0) void flush(held.splice(0, maxGroup), (list) => sagas.start(list, holder))
      else if (free.length > 0) void flush(free.splice(0, maxGroup), (list) => sagas.start(list))
      else return
    }
  }
  function add<Given, Result>(queue: Queued<Given, Result>[], given: Given): Promise<Result> {
    // What becomes ready in the same turn goes together.
    if (!scheduled) {
      scheduled = true
      environment.timers.soon(() => {
        scheduled = false
        pump()
      })
    }
    return new Promise((resolve, reject) => {
      queue.push({ given, resolve, reject })
    })
  }
  return {
    write: (write) => add(writes, write),
    async start(saga, isHeld) {
      if (held.length + free.length >= maxStartsWaiting) throw tooManyStarts()
      return add(isHeld ? held : free, saga)
    },
    counts,
  }
}

type Commit<Given, Result> = (list: readonly Given[]) => Promise<readonly Result[]>

/** Settles each of the group; never rejects. */
async function commitAll<Given, Result>(
  options: GroupWriterOptions,
  counts: { commits: number },
  group: readonly Queued<Given, Result>[],
  commit: Commit<Given, Result>,
): Promise<void> {
  const { environment, mayRepeat } = options
  for (let failures = 1; ; failures++) {
    counts.commits += 1
    try {
      const results = await inTime(environment.timers, commitTimeoutMs, commit(group.map(({ given }) => given)))
      for (const [index, one] of group.entries()) one.resolve(results[index] as Result)
      return
    } catch (error) {
      if (!isOutage(error) && group.length > 1) break
      if (!isOutage(error) || !mayRepeat()) {
        for (const one of group) one.reject(error)
        return
      }
    }
    await sleep(environment.timers, equalJitterMs(loopBackoff, failures, environment.random))
  }
  for (const one of group) await commitAll(options, counts, [one], commit)
}

const tooManyStarts = (): BanyanError =>
  new BanyanError('RESOURCE_EXHAUSTED', `${maxStartsWaiting} starts of sagas wait for a commit (maxStartsWaiting)`, {
    reason: 'SAGA_STARTS_FULL',
    retryable: true,
    retryAfterMs: 1_000,
  })
