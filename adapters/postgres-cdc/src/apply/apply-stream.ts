/**
 * Frames of the stream → transactions at the service. One loop: take what is there, map it, and commit when the batch is full,
 * or when nothing more is there and no transaction is open. Small transactions of the source share a transaction here; one
 * that is larger than a batch is spread over several, in order, and its place is kept with each. The server hears of a
 * position only after the commit that stored it.
 */
import type { Environment } from 'banyan/core'
import type { Store } from 'banyan/store'
import type { Change, CommitFacts } from '../change.ts'
import { type Relation, toChange } from '../decode/relation.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Frame } from '../protocol/frame-queue.ts'
import type { Lsn } from '../protocol/lsn.ts'
import type { Message, RowMessage } from '../protocol/pgoutput.ts'
import type { ReplicationConnection } from '../protocol/replication-connection.ts'
import type { SourceState } from '../state/position.ts'
import type { SourceStateTable } from '../state/source-state.ts'
import { Batch } from './batch.ts'
import type { Mapping } from './mapping.ts'
import type { Progress } from './progress.ts'
import type { Relations } from './relations.ts'
import { TransactionCursor } from './transaction-cursor.ts'

export interface ApplyOptions {
  readonly options: ResolvedOptions
  readonly environment: Environment
  readonly store: Store
  readonly table: SourceStateTable
  readonly connection: ReplicationConnection
  readonly relations: Relations
  readonly mapping: Mapping
  readonly progress: Progress
  /** Aborted: nothing more is begun. */
  readonly signal: AbortSignal
}

/** Frames handled before the event loop gets its turn: toEvent is synchronous. */
const turnFrames = 256

/** Runs until the signal is aborted, or throws what ended it. */
export async function applyStream(given: ApplyOptions, state: SourceState, position: Lsn): Promise<void> {
  const apply = new StreamApply(given, state, position)
  given.progress.bufferedBytes = () => given.connection.queue.bytes
  const wake = (): void => given.connection.queue.wake()
  given.signal.addEventListener('abort', wake)
  try {
    await apply.run()
  } finally {
    given.signal.removeEventListener('abort', wake)
  }
}

class StreamApply {
  readonly #given: ApplyOptions
  readonly #cursor: TransactionCursor
  #state: SourceState
  #batch: Batch
  /** Stored at the service; the batch goes beyond it. */
  #stored: Lsn
  /** Whole transactions lie in the batch, with or without events. */
  #moved = false
  #storedMs: number

  constructor(given: ApplyOptions, state: SourceState, position: Lsn) {
    this.#given = given
    this.#state = state
    this.#stored = position
    this.#cursor = new TransactionCursor(position, state.partial)
    this.#batch = this.#newBatch()
    this.#storedMs = given.environment.clock.monotonic()
  }

  async run(): Promise<void> {
    const { connection, signal } = this.#given
    for (let turn = 1; !signal.aborted; turn += 1) {
      const frame = connection.queue.take()
      if (frame === undefined) await this.#rest()
      else await this.#handle(frame)
      if (this.#batch.full) await this.#flush()
      if (turn % turnFrames === 0) await new Promise(setImmediate)
    }
  }

  /** Nothing is there at the moment. */
  async #rest(): Promise<void> {
    const behind = this.#moved || (this.#cursor.position > this.#stored && this.#isDue())
    if (behind && !this.#cursor.inside) await this.#flush()
    else await this.#given.connection.queue.wait()
  }

  async #handle(frame: Frame): Promise<void> {
    if (frame.kind === 'message') return this.#read(frame.message)
    if (this.#cursor.inside || frame.walEnd <= this.#cursor.position) return
    // All that was committed below walEnd has been sent, so it is ours when what was sent is.
    this.#cursor.position = frame.walEnd
    this.#moved ||= this.#batch.changes > 0 || this.#isDue()
  }

  /** A quiet source's position is stored now and then, not with each keepalive. */
  #isDue(): boolean {
    return this.#given.environment.clock.monotonic() - this.#storedMs >= this.#given.options.heartbeatMs
  }

  async #read(message: Message): Promise<void> {
    switch (message.kind) {
      case 'begin':
        return this.#cursor.begin(message)
      case 'commit':
        this.#cursor.commit(message.endLsn)
        this.#moved ||= this.#batch.changes > 0 || this.#isDue()
        return
      case 'relation':
        return this.#given.relations.learn(message)
      case 'truncate':
        for (const id of message.relations) this.#apply(id, toTruncate)
        return
      case 'insert':
      case 'update':
      case 'delete':
        return this.#apply(message.relation, (relation, place) => toChange(message as RowMessage, relation, place))
      case 'other':
    }
  }

  #apply(id: number, make: (relation: Relation, place: { commit: CommitFacts; generation: number }) => Change): void {
    const commit = this.#cursor.next()
    const relation = this.#given.relations.find(id)
    if (commit === undefined || relation === undefined) return
    const change = make(relation, { commit, generation: this.#state.generation })
    this.#batch.add(change, this.#given.mapping(change))
  }

  async #flush(): Promise<void> {
    const { store, table, connection, progress, options, environment } = this.#given
    const batch = this.#batch
    const { position, partial } = this.#cursor
    const state = await store.transact(async (tx) => {
      const next = await table.advance(tx, this.#state, position, partial)
      await batch.write(tx, options.name, next.generation)
      return next
    })
    this.#state = state
    this.#stored = position
    this.#storedMs = environment.clock.monotonic()
    this.#batch = this.#newBatch()
    this.#moved = false
    progress.state = state
    progress.changes += batch.changes
    progress.events += batch.events
    progress.commits += 1
    progress.lastCommitMs = batch.lastCommitMs ?? progress.lastCommitMs
    connection.confirm(this.#stored)
  }

  #newBatch(): Batch {
    const { batchEvents, bufferBytes, trackKeys } = this.#given.options
    return new Batch({ events: batchEvents, bytes: bufferBytes }, trackKeys)
  }
}

function toTruncate(relation: Relation, place: { commit: CommitFacts; generation: number }): Change {
  return { op: 'truncate', schema: relation.schema, table: relation.name, ...place }
}
