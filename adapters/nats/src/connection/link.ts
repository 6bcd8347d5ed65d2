/**
 * The connection to the broker, and what is known of it. The client reconnects by itself, for ever, with a bounded back-off;
 * while it is away everything is refused at once instead of being kept, because what a client keeps for later it sends later,
 * and nobody waits for it any more.
 */
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection, type NodeConnectionOptions, type Status } from '@nats-io/transport-node'
import { BanyanError, type Environment, type Outcome } from 'banyan/core'
import { toBusError, unavailable } from './errors.ts'
import { insist } from './insist.ts'
import { type NatsAddress, withoutSecrets } from './url.ts'

/** What a connection is made of; times in milliseconds. */
export interface LinkOptions {
  readonly address: NatsAddress
  readonly name: string
  readonly environment: Environment
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
  /** More for the client library: certificates, credentials files. */
  readonly connection?: Partial<NodeConnectionOptions>
}

/** A connection. */
export interface Link {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
  readonly environment: Environment
  readonly requestTimeoutMs: number
  /** Refuses when there is no connection now: nothing was sent. */
  assertUp(): void
  /**
   * Work of the client library, its errors translated; `outcome` is what an answer that never came leaves. Work that leaves
   * 'none' may be done twice and is, until somebody answers (insist.ts); any other is when nobody leads who could have done it.
   */
  run<Result>(outcome: Outcome, work: () => Promise<Result>): Promise<Result>
  /** Calls back when the connection breaks (or is closed), until let go. */
  onLoss(listener: (error: BanyanError) => void): () => void
  close(): Promise<void>
}

/** Waits between attempts to reconnect: 50 ms, doubled up to 2 s, half of it by chance. */
export const reconnectBackoff = { firstMs: 50, maxMs: 2_000 } as const

const pingEveryMs = 2_000

/** Opens a connection; UNAVAILABLE when no server of the list answers. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { address, environment, requestTimeoutMs } = options
  let failures = 0
  const nc = await connect({
    ...options.connection,
    ...toConnection(options),
    reconnectDelayHandler: () => {
      failures += 1
      const ceilingMs = Math.min(reconnectBackoff.maxMs, reconnectBackoff.firstMs * 2 ** Math.min(failures, 16))
      return (0.5 + environment.random.next() / 2) * ceilingMs
    },
  }).catch((error: unknown) => {
    throw unavailable(`no NATS server answers at ${withoutSecrets(address)}: ${messageOf(error)}`, 'none', error)
  })
  const state = watch(nc, () => {
    failures = 0
  })
  const js = jetstream(nc, { timeout: requestTimeoutMs })
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: requestTimeoutMs })

  function assertUp(): void {
    if (nc.isClosed()) throw closedError()
    if (!state.up) throw unavailable('the connection to the NATS server is broken; it is being opened again', 'none')
  }
  return {
    nc,
    js,
    jsm,
    environment,
    requestTimeoutMs,
    assertUp,
    onLoss: state.onLoss,
    async run(outcome, work) {
      assertUp()
      // The client waits for an answer until its time is over, also when the connection it was asked on is gone.
      const { promise: lost, reject } = Promise.withResolvers<never>()
      const stopWatching = state.onLoss(({ message }) => reject(unavailable(message, outcome)))
      const how = { environment, withinMs: requestTimeoutMs, repeatable: outcome === 'none' }
      const asking = insist(how, work)
      try {
        return await Promise.race([asking.answer, lost])
      } catch (error) {
        throw nc.isClosed() ? closedError() : toBusError(error, outcome)
      } finally {
        asking.stop()
        stopWatching()
      }
    },
    close: () => nc.close(),
  }
}

function toConnection({ address, name, requestTimeoutMs, connectTimeoutMs }: LinkOptions): NodeConnectionOptions {
  const { user, pass, token, tls, servers } = address
  return {
    servers: [...servers],
    name,
    timeout: Math.max(requestTimeoutMs, connectTimeoutMs),
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    // A connection that swallows everything is found out after twice this, three times at most.
    pingInterval: pingEveryMs,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(token === undefined ? {} : { token }),
    ...(tls ? { tls: {} } : {}),
  }
}

interface LinkState {
  readonly up: boolean
  onLoss(listener: (error: BanyanError) => void): () => void
}

function watch(nc: NatsConnection, onReconnect: () => void): LinkState {
  const listeners = new Set<(error: BanyanError) => void>()
  let up = true
  const lose = (error: BanyanError): void => {
    up = false
    for (const listener of [...listeners]) listener(error)
  }
  const note = ({ type }: Status): void => {
    if (type === 'disconnect') lose(unavailable('the connection to the NATS server broke', 'unknown'))
    if (type !== 'reconnect') return
    up = true
    onReconnect()
  }
  void (async () => {
    for await (const status of nc.status()) note(status)
  })()
  void nc.closed().then(() => lose(closedError()))
  return {
    get up() {
      return up
    },
    onLoss(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function closedError(): BanyanError {
  return new BanyanError('UNAVAILABLE', 'the bus is closed', { retryable: true })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
