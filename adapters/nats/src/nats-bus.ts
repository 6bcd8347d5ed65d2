/**
 * The log on NATS JetStream: one stream per producing service, whose sequences are the offsets, and one bucket for the leases
 * and positions of the relays. docs/decisions/0009 says why it is so and why it loses and doubles nothing; relay/tail.ts has the
 * core of it.
 */

import { Kvm } from '@nats-io/kv'
import type { NodeConnectionOptions } from '@nats-io/transport-node'
import { type Bus, maxEventBytes } from 'banyan/bus'
import { BanyanError, type Environment, realEnvironment, sleep } from 'banyan/core'
import { apiCodes, isApiError } from './connection/errors.ts'
import { type Link, openLink } from './connection/link.ts'
import { fromNatsUrl } from './connection/url.ts'
import { createBucket } from './keeping/bucket.ts'
import { createNatsKeeping } from './keeping/nats-keeping.ts'
import { lastSequence } from './log/last-sequence.ts'
import { createLogged } from './log/logged.ts'
import { createReaders, type Readers } from './log/readers.ts'
import { createStreams, type Streams } from './log/streams.ts'
import { createNames, type Names } from './names.ts'
import { createHints, type Hints } from './relay/hints.ts'
import { createRelayRecords, type RelayRecords } from './relay/record.ts'
import { createServerClock } from './relay/server-clock.ts'
import { SourceWriter } from './relay/source-writer.ts'

/** What a log on NATS is made of; times in milliseconds. */
export interface NatsBusOptions {
  /** `nats://user:password@host:4222,host2:4222?replicas=3`; `tls://` for TLS. */
  readonly url: string
  /** Name of the system: part of the names of streams and subjects. */
  readonly system: string
  /** Copies of every stream: 1, 3 or 5. Default: that of the URL, else 3 in a cluster and 1 on a single server. */
  readonly replicas?: number
  /** Room of one source in bytes; an append beyond it is refused with RESOURCE_EXHAUSTED. Default: no limit but the server's. */
  readonly maxBytesPerSource?: number
  /** Bytes of one page that is read. Default 16 MiB. */
  readonly maxPageBytes?: number
  /** Longest wait for an answer. Default 5 000. */
  readonly requestTimeoutMs?: number
  /** Longest wait for a cluster that has no leader yet. Default 30 000. */
  readonly startTimeoutMs?: number
  /** More for the client library: certificates, credentials files. */
  readonly connection?: Partial<NodeConnectionOptions>
  readonly environment?: Environment
  readonly log?: (message: string) => void
  /** How far leases see the broker's clock moved. For tests, which cannot move the clock of a broker. */
  readonly leaseClockShiftMs?: () => number
}

/** A log on NATS: the port, and what only it has. */
export interface NatsBus extends Bus {
  /**
   * Forgets where a source's outbox was read up to, after its database was restored or the stream lost events: the next relay
   * begins at the beginning of what the outbox holds. Events sent twice by that are dropped by their marks.
   */
  forgetCursor(source: string): Promise<void>
}

/** Room that headers may need beside the largest event. */
const headerRoom = 65_536

/**
 * Opens the log of a system, and makes its bucket when it is not there. Rejects with UNAVAILABLE when no server answers, and
 * with FAILED_PRECONDITION when the servers take only messages smaller than an event may be.
 *
 * @example
 * const bus = await createNatsBus({ url: 'nats://127.0.0.1:4222', system: 'shop' })
 * const events = await bus.read('orders', 0, 100)
 */
export async function createNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const address = fromNatsUrl(options.url)
  const names = createNames(options.system)
  const { environment = realEnvironment(), requestTimeoutMs = 5_000 } = options
  const link = await openLink({
    address,
    name: `banyan ${options.system}`,
    environment,
    requestTimeoutMs,
    connectTimeoutMs: 5_000,
    ...(options.connection === undefined ? {} : { connection: options.connection }),
  })
  try {
    assertRoom(link)
    const inCluster = link.nc.info?.cluster !== undefined
    const replicas = options.replicas ?? address.replicas ?? (inCluster ? 3 : 1)
    await makeBucket(link, names, replicas, options.startTimeoutMs ?? 30_000)
    const warn = options.log ?? (() => undefined)
    const streams = createStreams(link, names, { replicas, maxBytes: options.maxBytesPerSource ?? -1, warn })
    return assemble({
      link,
      names,
      streams,
      readers: createReaders(link, options.maxPageBytes ?? 16_777_216),
      hints: createHints(link, names),
      records: createRelayRecords(link, names),
      shiftMs: options.leaseClockShiftMs ?? (() => 0),
    })
  } catch (error) {
    await link.close()
    throw error
  }
}

interface Parts {
  readonly link: Link
  readonly names: Names
  readonly streams: Streams
  readonly readers: Readers
  readonly hints: Hints
  readonly records: RelayRecords
  readonly shiftMs: () => number
}

function assemble(parts: Parts): NatsBus {
  const { link, names, streams, hints } = parts
  const writer = createWriters(parts)
  return {
    async lease(source, holder, leaseMs) {
      await streams.ensure(source)
      try {
        return await writer(source).lease(holder, leaseMs)
      } catch (error) {
        if (isApiError(error, apiCodes.streamNotFound)) streams.forget(source)
        throw error
      }
    },
    append: (lease, events, cursor) => writer(lease.source).append(lease, events, cursor),
    release: (lease) => writer(lease.source).release(lease),
    async forgetCursor(source) {
      await writer(source).forgetCursor()
      // The same events may come twice by intent, so counting begins anew.
      await createBucket(link, names).overwrite(names.baseline(source), {})
    },
    ...createLog(parts),
    keeping: createNatsKeeping({ ...parts, keepPosition: (source) => writer(source).keepPosition() }),
    onAppend: hints.onAppend,
    async ping() {
      await link.run('none', () => link.jsm.streams.info(names.bucketStream))
    },
    close: () => link.close(),
  }
}

function createWriters({ link, names, hints, records, shiftMs }: Parts): (source: string) => SourceWriter {
  const shared = {
    link,
    names,
    shiftMs,
    records,
    clock: createServerClock(link, names),
    appended: hints.appended,
  }
  const writers = new Map<string, SourceWriter>()
  return (source) => {
    const writer = writers.get(source) ?? new SourceWriter(shared, source)
    writers.set(source, writer)
    return writer
  }
}

function createLog({ link, names, readers }: Parts): Pick<Bus, 'read' | 'end'> {
  const converters = new Map<string, ReturnType<typeof createLogged>>()
  return {
    async read(source, afterOffset, limit) {
      link.assertUp()
      const toLogged = converters.get(source) ?? createLogged(names, source)
      converters.set(source, toLogged)
      return (await readers.page(names.stream(source), afterOffset, limit)).map(toLogged)
    },
    end: (source) => lastSequence(link, names.stream(source)),
  }
}

/** A relay must never meet an event that the broker does not take: it would stand before it for ever. */
function assertRoom({ nc }: Link): void {
  const limit = nc.info?.max_payload ?? 0
  if (limit >= maxEventBytes + headerRoom) return
  const message = `the NATS server takes messages of at most ${limit} bytes (max_payload), events need ${maxEventBytes + headerRoom}`
  throw new BanyanError('FAILED_PRECONDITION', message, {
    reason: 'MAX_PAYLOAD_TOO_SMALL',
    hint: 'Set max_payload: 1MB in the configuration of the NATS servers; it is their default.',
  })
}

/** A cluster that has just started has no leader for a moment. */
async function makeBucket(link: Link, names: Names, replicas: number, withinMs: number): Promise<void> {
  const { clock, timers } = link.environment
  const endMs = clock.monotonic() + withinMs
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    try {
      await link.run('unknown', () => new Kvm(link.js).create(names.bucket, { history: 1, replicas }))
      return
    } catch (error) {
      if (clock.monotonic() + waitMs > endMs) throw error
      if (!(error instanceof BanyanError) || error.code !== 'UNAVAILABLE') throw error
    }
    await sleep(timers, waitMs)
  }
}
