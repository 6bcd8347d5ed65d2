/**
 * The bridge in: what arrives in a queue becomes an event of a service, exactly once. The message's mark and the event's row in
 * the outbox are one transaction, under the epoch of an assignment; only then is the message acknowledged. A crash in between
 * brings the message again, and its mark drops it.
 *
 * One bridge of a group works at a time, in the order of the queue. Messages that can never become events are parked with the
 * reason and acknowledged; when the database is away they wait, unacknowledged and bounded by the prefetch.
 */
import type { ConfirmChannel, ConsumeMessage } from 'amqplib'
import { type Assignment, Fenced } from 'banyan/store'
import { createRabbitLink, type RabbitLink } from '../connection/rabbit-link.ts'
import type { RabbitMessage } from './from-message.ts'
import {
  type RabbitBridgeInOptions,
  type ResolvedBridgeInOptions,
  resolveBridgeInOptions,
  sourceOf,
} from './options.ts'
import { createTakeIn, type TakeIn, type TakeInCounts } from './take-in.ts'

/** How a bridge in is doing. */
export interface RabbitBridgeInStatus extends TakeInCounts {
  /** `waiting`: another host has the assignment. */
  readonly state: 'stopped' | 'waiting' | 'working' | 'failing'
  readonly connected: boolean
  readonly lastError: string | undefined
}

/** A bridge at work. */
export interface RabbitBridgeIn {
  start(): void
  /** Finishes the transaction under way and lets go of the assignment. */
  stop(): Promise<void>
  status(): RabbitBridgeInStatus
}

/**
 * Makes a bridge from a queue of RabbitMQ to the outbox of a service.
 *
 * @example
 * const url = 'amqp://shop:…@rabbit.example/shop'
 * const into = { store, system: 'shop', service: 'orders' }
 * const bridge = createRabbitBridgeIn({ environment, url, queue: 'legacy', ...into, holder: 'bridge#1' })
 * bridge.start()
 */
export function createRabbitBridgeIn(options: RabbitBridgeInOptions): RabbitBridgeIn {
  return createBridgeIn(resolveBridgeInOptions(options))
}

/** The same from options that are complete. */
export function createBridgeIn(options: ResolvedBridgeInOptions): BridgeIn {
  return new BridgeIn(options)
}

/** How often it looks whether it may work, or whether there is something to do that nothing woke it for. */
const lookEveryMs = 1_000

/** See the top of the file. */
export class BridgeIn implements RabbitBridgeIn {
  readonly #options: ResolvedBridgeInOptions
  readonly #link: RabbitLink
  readonly #takeIn: TakeIn
  /** What came on {@link #channel} and is not acknowledged. */
  #arrived: ConsumeMessage[] = []
  /** The one that is consumed from; undefined when it broke. */
  #channel: ConfirmChannel | undefined
  #assignment: Assignment | undefined
  #claimedMs = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined
  #stopping = false
  #failures = 0
  #lastError: string | undefined
  #wake: () => void = () => undefined

  constructor(options: ResolvedBridgeInOptions) {
    this.#options = options
    this.#takeIn = createTakeIn(options)
    const { url, environment, log } = options
    this.#link = createRabbitLink({ url, environment, log, setUp: (channel) => this.#consume(channel) })
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#wake()
    await this.#running
    await this.#link.stop()
  }

  status(): RabbitBridgeInStatus {
    const idle = this.#assignment === undefined ? 'waiting' : 'working'
    const state = this.#running === undefined || this.#stopping ? 'stopped' : this.#failures > 0 ? 'failing' : idle
    const lastError = this.#lastError ?? this.#link.lastError
    return { state, connected: this.#link.channel !== undefined, lastError, ...this.#takeIn.counts }
  }

  /** Messages that wait in the queue and were given to nobody; undefined while it cannot be asked. */
  async queued(): Promise<number | undefined> {
    const channel = this.#channel
    if (channel === undefined) return undefined
    const { messageCount } = await channel.checkQueue(this.#options.queue)
    return messageCount
  }

  async #consume(channel: ConfirmChannel): Promise<void> {
    const { queue, declare, prefetch } = this.#options
    this.#forget()
    this.#channel = channel
    channel.on('close', () => this.#channel === channel && this.#forget())
    if (declare === false) await channel.checkQueue(queue)
    else await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': declare } })
    await channel.prefetch(prefetch)
    await channel.consume(queue, (message) => {
      // Null: the queue was deleted. A new channel finds it again, or says that it is gone.
      if (message === null) return void channel.close().catch(() => undefined)
      if (this.#channel !== channel) return
      this.#arrived.push(message)
      this.#wake()
    })
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        const busy = await this.#turn()
        this.#failures = 0
        if (!busy) await this.#rest(lookEveryMs)
      } catch (error) {
        this.#fail(error)
        await this.#rest(Math.min(5_000, 50 * 2 ** Math.min(this.#failures, 16)))
      }
    }
    await this.#letGo()
  }

  /** One batch; false when there was nothing to do. */
  async #turn(): Promise<boolean> {
    const assignment = await this.#hold()
    if (assignment === undefined) return false
    await this.#takeIn.tidy(assignment)
    const channel = this.#channel
    const batch = this.#arrived.slice(0, this.#options.batch)
    const last = batch.at(-1)
    if (channel === undefined || last === undefined) return false
    await this.#takeIn.apply(assignment, batch.map(toRabbitMessage))
    // Those of a channel that broke meanwhile come again and are found by their marks.
    if (this.#channel !== channel) return true
    channel.ack(last, true)
    this.#arrived.splice(0, batch.length)
    return true
  }

  /** What is here comes again on the next channel. */
  #forget(): void {
    this.#channel = undefined
    this.#arrived = []
  }

  /** The assignment, kept before a third of it is over. Messages are asked for only while it is held. */
  async #hold(): Promise<Assignment | undefined> {
    const { store, group, queue, holder, leaseMs, environment } = this.#options
    const nowMs = environment.clock.monotonic()
    if (this.#assignment !== undefined && nowMs - this.#claimedMs < leaseMs / 3) return this.#assignment
    const held = await store.inbox.claim(group, sourceOf(queue), holder, leaseMs, 0)
    this.#claimedMs = nowMs
    if (held === undefined || (this.#assignment !== undefined && this.#assignment.epoch !== held.epoch)) this.#lose()
    this.#assignment = held
    if (held !== undefined) this.#link.start()
    return held
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    if (this.#failures === 0 || text !== this.#lastError)
      this.#options.log.warn('bridge from RabbitMQ failed, tries again', { queue: this.#options.queue, error: text })
    this.#failures += 1
    this.#lastError = text
    if (error instanceof Fenced) this.#lose()
  }

  /** Somebody else has it: what is here goes back to the queue. */
  #lose(): void {
    this.#assignment = undefined
    this.#claimedMs = Number.NEGATIVE_INFINITY
    this.#forget()
    this.#link.renew()
  }

  async #letGo(): Promise<void> {
    const assignment = this.#assignment
    if (assignment === undefined) return
    const { inbox } = this.#options.store
    await this.#takeIn.advance(assignment).catch(() => undefined)
    await inbox.release(assignment).catch((error: unknown) => this.#fail(error))
  }

  #rest(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#options.environment.timers.after(ms, resolve)
    this.#wake = () => {
      // A hint must not cut a back-off short.
      if (this.#failures === 0 || this.#stopping) resolve()
    }
    return promise.finally(() => timer.cancel())
  }
}

function toRabbitMessage({ content, fields, properties }: ConsumeMessage): RabbitMessage {
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
  return {
    content,
    routingKey: fields.routingKey,
    exchange: fields.exchange,
    redelivered: fields.redelivered,
    messageId: text(properties.messageId),
    contentType: text(properties.contentType),
    type: text(properties.type),
    correlationId: text(properties.correlationId),
    headers: properties.headers ?? {},
  }
}
