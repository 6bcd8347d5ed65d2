/**
 * The replication protocol over a connection of `pg`. pg does the handshake, TLS and framing; what is spoken inside is ours,
 * for the reasons in docs/decisions/0014: acknowledge only what is committed, never what was merely received, and hold the
 * server back when the consumer is slow.
 *
 * A chunk that pg hands out is a view into its buffer, which it writes over later: it is decoded at once, never kept.
 */
import type { Environment, Timer } from 'banyan/core'
import type pg from 'pg'
import { outage, refuse } from '../errors.ts'
import { ByteReader } from './bytes.ts'
import { type ConnectOptions, openClient, type TextRow, toStatementError } from './connect.ts'
import { type Frame, FrameQueue } from './frame-queue.ts'
import { type Lsn, toLsnText } from './lsn.ts'
import { decodeMessage } from './pgoutput.ts'
import { toStandbyStatus } from './standby-status.ts'

/** pg's connection, as far as we use it. Undocumented by pg, so its version is pinned and the engine tests run through it. */
interface Wire {
  readonly stream: { pause(): void; resume(): void; destroy(): void; readonly writableLength: number }
  sendCopyFromChunk(chunk: Buffer): void
  on(event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void): void
  once(event: 'replicationStart', listener: () => void): void
}

export interface ReplicationOptions extends ConnectOptions {
  readonly environment: Environment
  /** Received and not applied; above it the server is held back. */
  readonly bufferBytes: number
}

/** What a stream starts with. */
export interface StreamStart {
  readonly slot: string
  readonly publication: string
  readonly from: Lsn
  /** How often the server hears from us, however busy we are. Below a third of its wal_sender_timeout. */
  readonly statusEveryMs: number
}

/** As wal_receiver_timeout, the server's own default for the same. */
const silenceMs = 60_000

export class ReplicationConnection {
  readonly #client: pg.Client
  readonly #wire: Wire
  readonly #environment: Environment
  readonly #signal: AbortSignal | undefined
  readonly queue: FrameQueue
  #written: Lsn = 0n
  #flushed: Lsn = 0n
  #status: Timer | undefined
  #ended = false
  #heardMs = 0

  private constructor(client: pg.Client, options: ReplicationOptions) {
    this.#client = client
    this.#wire = (client as unknown as { connection: Wire }).connection
    this.#environment = options.environment
    this.#signal = options.signal
    this.queue = new FrameQueue(options.bufferBytes, this.#wire.stream)
    client.on('error', (error) => this.#end(error))
    client.on('end', () => this.#end(undefined))
  }

  static async open(options: ReplicationOptions): Promise<ReplicationConnection> {
    return new ReplicationConnection(await openClient(options, true), options)
  }

  /** A command of the replication protocol. Cut when the signal is aborted: making a slot may wait for others for long. */
  async command(text: string): Promise<TextRow> {
    const cut = (): void => this.#wire.stream.destroy()
    this.#signal?.addEventListener('abort', cut, { once: true })
    try {
      return (await this.#client.query<Record<string, string | null>>(text)).rows[0] ?? {}
    } catch (error) {
      throw this.#ended ? outage('the connection to the source is gone', error) : error
    } finally {
      this.#signal?.removeEventListener('abort', cut)
    }
  }

  /** Starts the stream; resolves when the server has agreed. What was acknowledged before begins at `from`. */
  async start(given: StreamStart): Promise<void> {
    this.#written = given.from
    this.#flushed = given.from
    this.#heardMs = this.#environment.clock.monotonic()
    const begun = Promise.withResolvers<void>()
    this.#wire.once('replicationStart', () => begun.resolve())
    this.#wire.on('copyData', ({ chunk }) => this.#receive(chunk))
    const running = this.#client.query(
      `START_REPLICATION SLOT ${quoteName(given.slot)} LOGICAL ${toLsnText(given.from)} ` +
        `(proto_version '1', publication_names ${quoteText(quoteName(given.publication))})`,
    )
    running.then(
      () => this.#end(new Error('the server ended the stream')),
      (error) => {
        begun.reject(error)
        this.#end(error)
      },
    )
    await begun.promise
    this.#keepInTouch(given.statusEveryMs)
  }

  /** Everything below this position is committed with us; the server may forget it. Never goes back. */
  confirm(flushed: Lsn): void {
    if (flushed <= this.#flushed) return
    this.#flushed = flushed
    this.#send()
  }

  async close(): Promise<void> {
    this.#status?.cancel()
    this.#end(undefined)
    // Ended in order, it would wait for a stream that is paused or has much to send: what is left is not wanted.
    this.#wire.stream.destroy()
    await this.#client.end().catch(() => {})
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return
    this.#heardMs = this.#environment.clock.monotonic()
    try {
      const frame = this.#toFrame(chunk)
      if (frame !== undefined) this.queue.push(frame)
    } catch (error) {
      const hint = 'Report this with the version of the server: it is a fault of Banyan, not of the data.'
      this.#end(refuse('CDC_PROTOCOL', 'the source sent something that cannot be read', hint, error))
    }
  }

  #toFrame(chunk: Buffer): Frame | undefined {
    const reader = new ByteReader(chunk)
    const tag = String.fromCharCode(reader.uint8())
    const first = reader.lsn()
    if (tag === 'w') {
      if (first > this.#written) this.#written = first
      return { kind: 'message', message: decodeMessage(chunk.subarray(25)), bytes: chunk.length }
    }
    if (tag !== 'k') throw new Error(`the stream has a frame '${tag}'`)
    if (first > this.#written) this.#written = first
    reader.timeMs()
    if (reader.uint8() === 1) this.#send()
    return { kind: 'keepalive', walEnd: first, bytes: 0 }
  }

  /** Asks for an answer each time, so that a connection that is gone without a word is noticed. */
  #keepInTouch(everyMs: number): void {
    if (this.#ended) return
    const { timers, clock } = this.#environment
    this.#status = timers.after(everyMs, () => {
      if (this.queue.paused) this.#heardMs = clock.monotonic()
      if (clock.monotonic() - this.#heardMs > Math.max(silenceMs, 3 * everyMs))
        return this.#end(outage(`nothing was heard of the source for ${silenceMs} ms`))
      this.#send(true)
      this.queue.wake()
      this.#keepInTouch(everyMs)
    })
  }

  #send(ask = false): void {
    if (this.#ended) return
    this.#wire.sendCopyFromChunk(toStandbyStatus(this.#written, this.#flushed, this.#environment.clock.now(), ask))
  }

  #end(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#status?.cancel()
    this.queue.fail(toStreamError(error))
  }
}

function toStreamError(error: unknown): unknown {
  if (error === undefined) return outage('the connection to the source is gone')
  return error instanceof Error && 'reason' in error ? error : toStatementError(error)
}

/** A name in double quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text in single quotes; backslashes are plain in it (standard_conforming_strings, and the replication grammar). */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
