/**
 * Group commit: writes of many runs that are ready at the same time share a commit, so that the cost of one (a flush of the
 * write-ahead log, two messages) is paid by all of them. A run has one write under way at a time.
 *
 * A commit that fails is repeated run by run, so that one bad write cannot hold the others; one whose answer was lost is repeated
 * as it is, since the store knows what it has written. Source: DeWitt et al., "Implementation techniques for main memory
 * database systems" (1984), group commit.
 */
import { equalJitterMs, loopBackoff } from '../bus/backoff.ts'
import { isOutage } from '../bus/delivery-policy.ts'
import type { Environment } from '../core/environment/environment.ts'
import { sleep } from '../core/environment/timers.ts'
import type { NewSaga, SagaStarted, Sagas, SagaWrite, SagaWriteOutcome } from '../store/sagas.ts'

/** Writes of one commit, at most. */
export const maxGroup = 256
/** Commits under way at a time. */
export const commitLanes = 2

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

export function createGroupWriter(options: GroupWriterOptions): GroupWriter {
  const { sagas, holder } = options
  const counts = { commits: 0, writes: 0 }
  const lanes = { busy: 0 }
  const share = { counts, lanes, next: (): void => {} }
  const writes = createQueue<SagaWrite, SagaWriteOutcome>(options, share, (list) => sagas.write(list))
  const held = createQueue<NewSaga, SagaStarted>(options, share, (list) => sagas.start(list, holder))
  const free = createQueue<NewSaga, SagaStarted>(options, share, (list) => sagas.start(list))
  const queues = [writes, held, free]
  share.next = () => {
    for (const queue of queues) queue.pump()
  }
  return {
    write: (write) => writes.add(write),
    start: (saga, isHeld) => (isHeld ? held : free).add(saga),
    counts,
  }
}

interface Shared {
  readonly counts: { commits: number; writes: number }
  readonly lanes: { busy: number }
  next: () => void
}

interface Queue<Given, Result> {
  add(given: Given): Promise<Result>
  pump(): void
}

function createQueue<Given, Result>(
  { environment, mayRepeat }: GroupWriterOptions,
  share: Shared,
  commit: (list: readonly Given[]) => Promise<readonly Result[]>,
): Queue<Given, Result> {
  const waiting: Queued<Given, Result>[] = []
  let scheduled = false

  async function repeat(one: Queued<Given, Result>, first: unknown): Promise<void> {
    let error = first
    for (let failures = 1; isOutage(error) && mayRepeat(); failures++) {
      await sleep(environment.timers, equalJitterMs(loopBackoff, failures, environment.random))
      try {
        const [result] = await commit([one.given])
        return one.resolve(result as Result)
      } catch (again) {
        error = again
      }
    }
    one.reject(error)
  }

  async function flush(group: readonly Queued<Given, Result>[]): Promise<void> {
    share.lanes.busy += 1
    share.counts.commits += 1
    share.counts.writes += group.length
    try {
      const results = await commit(group.map(({ given }) => given))
      for (const [index, one] of group.entries()) one.resolve(results[index] as Result)
    } catch (error) {
      if (group.length === 1) void repeat(group[0] as Queued<Given, Result>, error)
      else for (const one of group) void alone(one)
    } finally {
      share.lanes.busy -= 1
      share.next()
    }
  }

  async function alone(one: Queued<Given, Result>): Promise<void> {
    try {
      const [result] = await commit([one.given])
      one.resolve(result as Result)
    } catch (error) {
      await repeat(one, error)
    }
  }

  function pump(): void {
    while (share.lanes.busy < commitLanes && waiting.length > 0) {
      const group = waiting.splice(0, maxGroup)
      void flush(group)
    }
  }

  return {
    add(given) {
      const { promise, resolve, reject } = Promise.withResolvers<Result>()
      waiting.push({ given, resolve, reject })
      // What becomes ready in the same turn goes together.
      if (!scheduled) {
        scheduled = true
        environment.timers.soon(() => {
          scheduled = false
          pump()
        })
      }
      return promise
    },
    pump,
  }
}
