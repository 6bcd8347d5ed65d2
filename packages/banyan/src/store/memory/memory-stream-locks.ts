/**
 * Who may append to which stream in memory. In Postgres a second appender waits at the unique index until the first has
 * committed or not; here it waits at this door, so that a service that decides again after a conflict does the same in both.
 */
import { BanyanError } from '../../core/error.ts'

/** One transaction, as the locks see it. */
export interface StreamHolder {
  /** The stream it stands in line for. */
  waitingFor: string | undefined
}

interface Waiter {
  readonly holder: StreamHolder
  enter(): void
  refuse(error: unknown): void
}

interface Door {
  holder: StreamHolder
  readonly line: Waiter[]
}

export interface StreamLocks {
  /** Resolves when the holder has the stream; rejects with ABORTED `DEADLOCK` where that could never be. */
  enter(holder: StreamHolder, stream: string): Promise<void>
  /** Gives up all it holds, and its place in a line. */
  leave(holder: StreamHolder): void
}

export function createStreamLocks(): StreamLocks {
  const doors = new Map<string, Door>()

  /** Would waiting for this stream wait for oneself? Everybody waits for one stream at most, so this ends. */
  function isCircle(me: StreamHolder, stream: string): boolean {
    for (let at: string | undefined = stream; at !== undefined; ) {
      const holder: StreamHolder | undefined = doors.get(at)?.holder
      if (holder === me) return true
      at = holder?.waitingFor
    }
    return false
  }

  function pass(stream: string, door: Door): void {
    const next = door.line.shift()
    if (next === undefined) return void doors.delete(stream)
    door.holder = next.holder
    next.holder.waitingFor = undefined
    next.enter()
  }

  return {
    async enter(holder, stream) {
      const door = doors.get(stream)
      if (door === undefined) return void doors.set(stream, { holder, line: [] })
      if (door.holder === holder) return
      if (isCircle(holder, stream)) throw deadlock(stream)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      holder.waitingFor = stream
      door.line.push({ holder, enter: resolve, refuse: reject })
      await promise
    },
    leave(holder) {
      for (const [stream, door] of doors) {
        const place = door.line.findIndex((waiter) => waiter.holder === holder)
        const [gone] = place < 0 ? [] : door.line.splice(place, 1)
        gone?.refuse(new BanyanError('CANCELLED', 'the transaction has ended', { reason: 'TRANSACTION_ENDED' }))
        if (door.holder === holder) pass(stream, door)
      }
      holder.waitingFor = undefined
    },
  }
}

function deadlock(stream: string): BanyanError {
  return new BanyanError('ABORTED', `two transactions wait for each other, one of them for stream '${stream}'`, {
    reason: 'DEADLOCK',
    retryable: true,
    hint: 'Append to several streams in one fixed order.',
  })
}
