/**
 * Aggregates inside one transaction: what it has loaded and appended so far. An append expects the version that was loaded,
 * so what was decided on old knowledge does not get in.
 *
 * A decision that this session loaded for by itself is taken again when somebody else was quicker: both functions are pure,
 * and the transaction has learnt nothing else of the state. What its caller has seen of the state it cannot take again; then
 * the conflict is passed on, and the whole transaction is run again.
 */
import { createServiceBorder } from '../contract/border.ts'
import type { AnyEvent } from '../contract/define-contract.ts'
import type { AnySchema } from '../contract/schema.ts'
import { BanyanError } from '../core/error.ts'
import { INVALID, isolate } from '../schema/index.ts'
import type { Appended, StreamMetadata, TransactionStreams } from '../store/event-store.ts'
import { VersionConflict } from '../store/stream-rules.ts'
import { type AnyAggregate, type AppendOptions, type Decided, type Loaded, streamOf } from './aggregate.ts'
import { codecOf, type Fact, type WrittenFact } from './fact-codec.ts'
import { evolveAll, loadAggregate, type Replayed } from './load.ts'

/** Times one decision is taken, when others are quicker. */
export const maxDecisions = 16

/** What a session works with. */
export interface SessionScope {
  readonly streams: TransactionStreams
  newId(): string
  /** Trace and cause, for every event that is appended. */
  readonly metadata: StreamMetadata
  /** Publishes an event of the contract under the id that it has in its stream; its data has passed its schema. */
  publish(event: AnyEvent, data: unknown, id: string): void
}

interface Held extends Replayed<unknown> {
  /** Somebody outside of this session has seen the state. */
  readonly shown: boolean
}

/** See the top of the file. */
export class AggregateSession {
  readonly #scope: SessionScope
  readonly #held = new Map<string, Held>()
  /** True once an append failed that expected what was loaded here: running the transaction again may help. */
  stale = false

  constructor(scope: SessionScope) {
    this.#scope = scope
  }

  /** The aggregate as this transaction sees it. */
  async load(aggregate: AnyAggregate, id: string): Promise<Loaded<unknown>> {
    const held = await this.#hold(aggregate, id, true)
    return { state: held.state, version: held.version }
  }

  /** Appends events; see `Transaction.append`. */
  async append(
    aggregate: AnyAggregate,
    id: string,
    facts: readonly Fact[],
    { expected }: AppendOptions = {},
  ): Promise<Appended> {
    const written = facts.map((fact) => codecOf(aggregate).write(id, fact))
    if (expected === undefined) {
      const held = await this.#hold(aggregate, id, true)
      return this.#grow(aggregate, id, held, written)
    }
    const appended = await this.#write(aggregate, id, written, expected)
    // What is there now was not read here.
    this.#held.delete(streamOf(aggregate, id))
    return appended
  }

  /** Takes a decision and appends what follows; see `Transaction.decide`. */
  async decide(aggregate: AnyAggregate, id: string, command: string, input: unknown): Promise<Decided<unknown, Fact>> {
    const decide = toDecision(aggregate, id, command, input)
    for (let attempt = 1; ; attempt += 1) {
      const held = await this.#hold(aggregate, id, false)
      const events = decide(held.state)
      if (events.length === 0) return { state: held.state, version: held.version, events, position: undefined }
      const written = events.map((fact) => codecOf(aggregate).write(id, fact))
      try {
        const { position } = await this.#grow(aggregate, id, held, written)
        const { state, version } = this.#held.get(streamOf(aggregate, id)) as Held
        return { state, version, events, position }
      } catch (error) {
        if (!(error instanceof VersionConflict) || held.shown || attempt === maxDecisions) throw error
        this.#held.delete(streamOf(aggregate, id))
      }
    }
  }

  async #hold(aggregate: AnyAggregate, id: string, shown: boolean): Promise<Held> {
    const stream = streamOf(aggregate, id)
    const known = this.#held.get(stream)
    const found = known ?? (await loadAggregate(this.#scope.streams, aggregate, id))
    const held = { ...found, shown: shown || known?.shown === true }
    this.#held.set(stream, held)
    return held
  }

  /** Appends behind what is held, and holds what comes of it. */
  async #grow(aggregate: AnyAggregate, id: string, held: Held, written: readonly WrittenFact[]): Promise<Appended> {
    const appended = await this.#write(aggregate, id, written, held.version).catch((error: unknown) => {
      this.stale ||= error instanceof VersionConflict
      throw error
    })
    const { version } = appended
    const state = evolveAll(aggregate, held.state, written.map(codecOf(aggregate).reread))
    const snapshotVersion = await this.#snapshot(aggregate, id, { ...held, state, version })
    this.#held.set(streamOf(aggregate, id), { state, version, snapshotVersion, shown: held.shown })
    return appended
  }

  async #write(
    aggregate: AnyAggregate,
    id: string,
    written: readonly WrittenFact[],
    expected: NonNullable<AppendOptions['expected']>,
  ): Promise<Appended> {
    const { streams, metadata, publish, newId } = this.#scope
    const events = written.map(({ type, major, data }) => ({ id: newId(), type, major, data, metadata }))
    const appended = await streams.append(streamOf(aggregate, id), events, { expected })
    for (const [place, { publishes, data }] of written.entries())
      if (publishes !== undefined) publish(publishes, data, events[place]?.id as string)
    return appended
  }

  /** Keeps the state when enough has been added to it since the last time; the version of the newest snapshot. */
  async #snapshot(aggregate: AnyAggregate, id: string, { state, version, snapshotVersion }: Held): Promise<number> {
    const { snapshot } = aggregate
    if (snapshot === undefined || version - snapshotVersion < snapshot.everyEvents) return snapshotVersion
    const copy = isolate(state)
    if (copy === INVALID) throw badState(aggregate.name)
    const stream = streamOf(aggregate, id)
    await this.#scope.streams.saveSnapshot(stream, { version, schema: snapshot.schemaVersion, state: copy })
    return version
  }
}

/** A command with its input checked, as a function of the state. Throws `UNKNOWN_COMMAND` and `INVALID_INPUT`. */
export function toDecision(
  aggregate: AnyAggregate,
  id: string,
  command: string,
  input: unknown,
): (state: unknown) => readonly Fact[] {
  const schema = Object.hasOwn(aggregate.commands, command) ? aggregate.commands[command] : undefined
  const decide = aggregate.decide[command]
  if (schema === undefined || decide === undefined) throw unknownCommand(aggregate, command)
  const border = borderOf(schema)
  const copy = border.copy(input)
  if (copy === INVALID) {
    const issues = border.explain(input)
    const message = issues[0]?.message ?? 'it does not fit its schema'
    throw new BanyanError('INVALID_ARGUMENT', `the input of '${aggregate.name}.${command}' is not valid: ${message}`, {
      reason: 'INVALID_INPUT',
      issues,
    })
  }
  return (state) => decide(state as never, copy as never, id) as readonly Fact[]
}

const borders = new WeakMap<AnySchema, ReturnType<typeof createServiceBorder>>()

function borderOf(schema: AnySchema): ReturnType<typeof createServiceBorder> {
  const known = borders.get(schema) ?? createServiceBorder(schema)
  borders.set(schema, known)
  return known
}

function unknownCommand(aggregate: AnyAggregate, command: string): BanyanError {
  const known = Object.keys(aggregate.commands).map((one) => `'${one}'`)
  return new BanyanError('INVALID_ARGUMENT', `aggregate '${aggregate.name}' has no command '${command}'`, {
    reason: 'UNKNOWN_COMMAND',
    hint: known.length === 0 ? 'Give it commands and decide.' : `It has ${known.join(', ')}.`,
  })
}

function badState(aggregate: string): BanyanError {
  return new BanyanError(
    'INTERNAL',
    `the state of aggregate '${aggregate}' is not plain JSON, so no snapshot can be kept`,
    {
      reason: 'BAD_STATE',
      hint: 'Keep dates as text or numbers, and no undefined, class instances, maps or sets in the state.',
    },
  )
}
