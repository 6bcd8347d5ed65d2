/**
 * A bounded pool of sessions. Waiters are served in order; there is a limit to how many wait and to how long; a broken
 * session is forgotten the moment it breaks; a waiter can leave. pg.Pool has no queue limit and cannot be left, which is
 * why this is our own.
 */
import { BanyanError, isBanyanError } from 'banyan/core'
import { Session, type SessionOptions } from './session.ts'
import { fromSqlError } from './sql-error.ts'
import type { Delay } from './timing.ts'
import { processTimers } from './timing.ts'

/** Bounds of a pool. */
export interface PoolOptions extends SessionOptions {
  readonly maxConnections: number
  /** Longest wait for a connection. */
  readonly acquireTimeoutMs: number
  /** How many may wait at a time. */
  readonly queueLimit: number
  /** A session unused for so long is closed. */
  readonly idleTimeoutMs: number
  readonly after?: Delay
}

interface Waiter {
  readonly resolve: (session: Session) => void
  readonly reject: (error: unknown) => void
}

/** What a pool is doing; for status pages and tests. */
export interface PoolState {
  readonly open: number
  readonly idle: number
  readonly waiting: number
}

/** The pool. */
export class Pool {
  readonly #options: PoolOptions
  readonly #after: Delay
  readonly #idle: { readonly session: Session; readonly close: { cancel(): void } }[] = []
  readonly #sessions = new Set<Session>()
  readonly #waiters = new Set<Waiter>()
  #connecting = 0
  #closed = false
  #drained: (() => void) | undefined

  constructor(options: PoolOptions) {
    this.#options = options
    this.#after = options.after ?? processTimers
  }

  get state(): PoolState {
    return { open: this.#sessions.size, idle: this.#idle.length, waiting: this.#waiters.size }
  }

  /** Lends a session; give it back with {@link release}. */
  acquire(signal?: AbortSignal): Promise<Session> {
    if (this.#closed) return Promise.reject(closed())
    if (signal?.aborted) return Promise.reject(toAborted(signal))
    const idle = this.#takeIdle()
    if (idle !== undefined) return Promise.resolve(idle)
    if (this.#waiters.size >= this.#options.queueLimit) return Promise.reject(queueFull(this.#options.queueLimit))
    return this.#wait(signal)
  }

  /** Takes a session back. One that is broken, or still at work, is closed. */
  release(session: Session): void {
    if (session.usable && (session.busy || this.#closed)) session.destroy()
    if (session.usable) this.#lend(session)
    else this.#serve()
  }

  #lend(session: Session): void {
    const [waiter] = this.#waiters
    if (waiter !== undefined) {
      waiter.resolve(session)
    } else {
      const close = this.#after(this.#options.idleTimeoutMs, () => this.#closeIdle(session))
      this.#idle.push({ session, close })
    }
  }

  /** A connection beside the pool's, for one question when the pool may be stuck. The caller ends it. */
  extra(): Promise<Session> {
    return Session.open(this.#options)
  }

  /** No more loans; waits for those that are out, then cuts. */
  async close(withinMs: number): Promise<void> {
    this.#closed = true
    for (const waiter of [...this.#waiters]) waiter.reject(closed())
    const idle = this.#idle.splice(0)
    for (const { close } of idle) close.cancel()
    await Promise.all(idle.map(({ session }) => session.end()))
    if (this.#sessions.size > 0) await this.#drain(withinMs)
    for (const session of [...this.#sessions]) session.destroy()
  }

  #drain(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#after(withinMs, resolve)
      this.#drained = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  #takeIdle(): Session | undefined {
    for (;;) {
      const last = this.#idle.pop()
      last?.close.cancel()
      if (last === undefined || last.session.usable) return last?.session
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<Session> {
    const { promise, resolve, reject } = Promise.withResolvers<Session>()
    const leave = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', abort)
      this.#waiters.delete(waiter)
    }
    const waiter: Waiter = {
      resolve: (session) => {
        leave()
        resolve(session)
      },
      reject: (error) => {
        leave()
        reject(error)
      },
    }
    const abort = (): void => {
      if (signal !== undefined) waiter.reject(toAborted(signal))
    }
    const { acquireTimeoutMs } = this.#options
    const timer = this.#after(acquireTimeoutMs, () => waiter.reject(acquireTimeout(acquireTimeoutMs)))
    signal?.addEventListener('abort', abort, { once: true })
    this.#waiters.add(waiter)
    this.#serve()
    return promise
  }

  /** Opens as many connections as there are waiters without one on its way, within the bound. */
  #serve(): void {
    while (
      !this.#closed &&
      this.#connecting < this.#waiters.size &&
      this.#sessions.size + this.#connecting < this.#options.maxConnections
    ) {
      this.#connecting += 1
      Session.open(this.#options).then(
        (session) => this.#opened(session),
        (error: unknown) => this.#notOpened(error),
      )
    }
  }

  #opened(session: Session): void {
    this.#connecting -= 1
    this.#sessions.add(session)
    session.onGone(() => this.#gone(session))
    this.release(session)
  }

  /** Each attempt stood for one waiter; the one who waits longest learns of it. */
  #notOpened(error: unknown): void {
    this.#connecting -= 1
    const [waiter] = this.#waiters
    waiter?.reject(fromSqlError(error))
    this.#serve()
  }

  #gone(session: Session): void {
    this.#sessions.delete(session)
    const place = this.#idle.findIndex((one) => one.session === session)
    if (place >= 0) this.#idle.splice(place, 1)[0]?.close.cancel()
    if (this.#sessions.size === 0) this.#drained?.()
    this.#serve()
  }

  #closeIdle(session: Session): void {
    const place = this.#idle.findIndex((one) => one.session === session)
    if (place < 0) return
    this.#idle.splice(place, 1)
    void session.end()
  }
}

/** The abort of a signal, as an error of ours. */
export function toAborted(signal: AbortSignal): BanyanError {
  if (isBanyanError(signal.reason)) return signal.reason
  return new BanyanError('CANCELLED', 'aborted; nothing was committed', { outcome: 'none', cause: signal.reason })
}

function closed(): BanyanError {
  return new BanyanError('UNAVAILABLE', 'the store is closed', { reason: 'STORE_CLOSED', retryable: true })
}

function queueFull(limit: number): BanyanError {
  return new BanyanError('RESOURCE_EXHAUSTED', `${limit} callers wait for a database connection already (queueLimit)`, {
    reason: 'POOL_QUEUE_FULL',
    retryable: true,
    hint: 'The database is slower than what is asked of it: shorten transactions, or raise maxConnections.',
  })
}

function acquireTimeout(timeoutMs: number): BanyanError {
  return new BanyanError(
    'UNAVAILABLE',
    `no database connection became free within ${timeoutMs} ms (acquireTimeoutMs)`,
    {
      reason: 'POOL_TIMEOUT',
      retryable: true,
      hint: 'Transactions hold all connections: look for slow work inside transact, or raise maxConnections.',
    },
  )
}
