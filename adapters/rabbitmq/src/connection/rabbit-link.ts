/**
 * A connection with one channel that is opened again when it breaks, for ever, with a bounded back-off. What was under way on a
 * channel that broke is nobody's: publishes were confirmed or were not, deliveries come again. So nothing of an old channel is
 * carried over; whoever works with one holds on to that one.
 */
import { type ConfirmChannel, connect } from 'amqplib'
import type { OperatorLog } from 'banyan/bus'
import { BanyanError, type Environment, sleep } from 'banyan/core'

/** What a link is made of. */
export interface RabbitLinkOptions {
  /** `amqp://user:password@host:5672/vhost`; `amqps://` for TLS. */
  readonly url: string | (() => string)
  readonly environment: Environment
  readonly log: OperatorLog
  /** Declares what is needed and begins to consume, on every new channel. */
  readonly setUp: (channel: ConfirmChannel) => Promise<void>
}

/** A link. */
export interface RabbitLink {
  /** The channel that is open and set up now. */
  readonly channel: ConfirmChannel | undefined
  readonly lastError: string | undefined
  /** How often a channel was opened. */
  readonly opened: number
  start(): void
  /** Closes the channel and does not open another. */
  stop(): Promise<void>
  /** Closes the channel; another is opened. */
  renew(): void
}

/** Waits between attempts: 100 ms, doubled up to 5 s, half of it by chance. */
export const linkBackoff = { firstMs: 100, maxMs: 5_000 } as const
/** A broker that says nothing for twice this is gone. */
const heartbeatSeconds = 10
const connectTimeoutMs = 10_000

/** A connection while it lasts. */
interface Opened {
  readonly channel: ConfirmChannel
  readonly ended: Promise<unknown>
  close(): Promise<void>
}

export function createRabbitLink({ url, environment, log, setUp }: RabbitLinkOptions): RabbitLink {
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let current: Opened | undefined
  let failures = 0
  let opened = 0
  let lastError: string | undefined

  function fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    if (text !== lastError || failures === 0) log.warn('RabbitMQ is away, tries again', { error: text })
    lastError = text
    failures += 1
  }
  async function once(): Promise<void> {
    const found = await open(typeof url === 'function' ? url() : url)
    try {
      await Promise.race([setUp(found.channel), found.ended.then(throwIt)])
      if (failures > 0) log.info('RabbitMQ is back')
      current = found
      opened += 1
      failures = 0
      await Promise.race([found.ended.then(throwIt), aborted(stopping.signal)])
    } finally {
      current = undefined
      await found.close()
    }
  }
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await once().catch(fail)
      if (stopping.signal.aborted) return
      const ceilingMs = Math.min(linkBackoff.maxMs, linkBackoff.firstMs * 2 ** Math.min(failures, 16))
      const waitMs = (0.5 + environment.random.next() / 2) * ceilingMs
      await sleep(environment.timers, waitMs, stopping.signal).catch(() => undefined)
    }
  }
  return {
    get channel() {
      return current?.channel
    },
    get lastError() {
      return lastError
    },
    get opened() {
      return opened
    },
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await running
    },
    renew: () => void current?.close(),
  }
}

async function open(url: string): Promise<Opened> {
  const at = new URL(url)
  at.searchParams.set('heartbeat', `${heartbeatSeconds}`)
  const connection = await connect(at.href, { timeout: connectTimeoutMs, noDelay: true })
  const { promise: ended, resolve } = Promise.withResolvers<unknown>()
  connection.on('error', resolve)
  connection.on('close', (error) => resolve(error ?? new Error('the connection was closed')))
  try {
    const channel = await connection.createConfirmChannel()
    channel.on('error', resolve)
    channel.on('close', () => resolve(new Error('the channel was closed')))
    return { channel, ended, close: () => connection.close().catch(() => undefined) }
  } catch (error) {
    await connection.close().catch(() => undefined)
    throw error
  }
}

function throwIt(reason: unknown): never {
  throw reason instanceof Error ? reason : new Error('the connection ended')
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The broker is not there now. */
export function rabbitAway(outcome: 'none' | 'unknown', cause?: unknown): BanyanError {
  const text = cause instanceof Error ? `: ${cause.message}` : ''
  return new BanyanError('UNAVAILABLE', `RabbitMQ is away${text}`, { retryable: outcome === 'none', outcome, cause })
}
