/**
 * What an aggregate is: one thing whose state is the sum of what has happened to it. `decide` turns a command into facts,
 * `evolve` adds a fact to the state; both are pure functions, so that the same facts always give the same state, a decision
 * can be taken again, and both can be tested without a database (see `given` in banyan/testing).
 *
 * All types come from the schemas: events, commands and what the functions take and give need no annotation.
 */
import type { AnyEvent } from '../contract/define-contract.ts'
import type { Event } from '../contract/event.ts'
import type { None } from '../contract/operation.ts'
import type { AnySchema, Received, Sent } from '../contract/schema.ts'
import type { Upcasters } from '../contract/upcast.ts'
import type { ExpectedVersion, StreamMetadata } from '../store/event-store.ts'

/** What may stand for an event of an aggregate: the schema of its data, or a contract's event of kind `sourced`. */
export type FactSource = AnySchema | Event

/** Events of an aggregate by name. */
export type FactSources = Readonly<Record<string, FactSource>>

type GivenData<S> = S extends { readonly kind: 'event'; readonly '~types': { readonly data: infer Data } }
  ? Data
  : Sent<S>
type StoredData<S> = S extends { readonly kind: 'event'; readonly '~types': { readonly received: infer Data } }
  ? Data
  : Received<S>

/** What `decide` gives: one of the aggregate's events, before it is stored. */
export type GivenFact<Facts> = {
  readonly [K in keyof Facts & string]: { readonly type: K; readonly data: GivenData<Facts[K]> }
}[keyof Facts & string]

/** What `evolve` takes: one of the aggregate's events, as it came out of its schema. */
export type StoredFact<Facts> = {
  readonly [K in keyof Facts & string]: { readonly type: K; readonly data: StoredData<Facts[K]> }
}[keyof Facts & string]

/** When the state is kept, so that not everything has to be read again. */
export interface SnapshotRule {
  /** A snapshot after so many events, 1 to 100 000. */
  readonly everyEvents: number
  /** The form of the state, a whole number from 1. Raise it whenever the state or `evolve` changes: older snapshots are ignored. */
  readonly schemaVersion: number
}

/** What `defineAggregate` takes. */
export interface AggregateSpec<Facts extends FactSources, State, Commands extends Readonly<Record<string, AnySchema>>> {
  /** The facts, in past tense. Those of kind `sourced` in the service's contract are published when they are appended. */
  readonly events: Facts
  /** The state before anything has happened. Plain JSON. */
  readonly initial: State
  /** Adds a fact to the state and gives the new one; never changes the old one. */
  readonly evolve: (state: NoInfer<State>, event: StoredFact<Facts>) => NoInfer<State>
  /** The inputs of commands. */
  readonly commands?: Commands
  /**
   * What follows from a command: facts, none when there is nothing to do. To refuse, throw a BanyanError, best one that the
   * operation declares: `throw new Payments.capture.errors.OVER_LIMIT({ … })`. `id` is the aggregate's: a contract's event
   * has it as its key.
   */
  readonly decide?: {
    readonly [K in keyof Commands]: (
      state: NoInfer<State>,
      input: Received<Commands[K]>,
      id: string,
    ) => readonly GivenFact<NoInfer<Facts>>[]
  }
  /** Default: none. */
  readonly snapshot?: SnapshotRule
  /**
   * How data of older versions becomes today's, by event: `{ captured: { 1: (v1) => v2 } }`. An event's version is one more
   * than its highest upcaster's. A contract's event brings its version and upcasters along.
   */
  readonly upcast?: { readonly [K in keyof Facts]?: Upcasters }
}

/** An aggregate, as frozen data. Made by `defineAggregate`. */
export interface Aggregate<
  Name extends string = string,
  State = unknown,
  Given = unknown,
  Stored = unknown,
  Commands = unknown,
> {
  readonly $banyan: 'aggregate'
  /** The category of its streams: `<name>-<id>`. */
  readonly name: Name
  readonly initial: State
  readonly events: FactSources
  readonly evolve: (state: never, event: never) => State
  readonly commands: Readonly<Record<string, AnySchema>>
  readonly decide: Readonly<Record<string, (state: never, input: never, id: string) => readonly unknown[]>>
  readonly snapshot: SnapshotRule | undefined
  readonly upcast: Readonly<Record<string, Upcasters | undefined>>
  /** Exists only for the compiler. */
  readonly '~types': {
    readonly state: State
    readonly given: Given
    readonly stored: Stored
    readonly commands: Commands
  }
}

/** Any aggregate, for code that works on all of them. */
export type AnyAggregate = Aggregate

/** The state of an aggregate. */
export type StateOf<A extends AnyAggregate> = A['~types']['state']

/** An event of an aggregate as `decide` gives it. */
export type GivenOf<A extends AnyAggregate> = A['~types']['given']

/** An event of an aggregate as `evolve` takes it. */
export type StoredOf<A extends AnyAggregate> = A['~types']['stored']

/** The names of an aggregate's commands. */
export type CommandOf<A extends AnyAggregate> = keyof A['~types']['commands'] & string

/** What a command of an aggregate takes. */
export type InputOf<A extends AnyAggregate, K extends CommandOf<A>> = A['~types']['commands'][K]

/** What {@link AggregateSpec} comes to. */
export type DefinedAggregate<
  Name extends string,
  Facts extends FactSources,
  State,
  Commands extends Readonly<Record<string, AnySchema>> = None,
> = Aggregate<Name, State, GivenFact<Facts>, StoredFact<Facts>, { readonly [K in keyof Commands]: Sent<Commands[K]> }>

/** An aggregate as it is at a version. */
export interface Loaded<State> {
  readonly state: State
  /** 0 when nothing has happened yet. */
  readonly version: number
}

/** What came of a command. */
export interface Decided<State, Given> extends Loaded<State> {
  /** The facts that followed; none when there was nothing to do. */
  readonly events: readonly Given[]
  /** The position of the last of them, for those who wait until it has been read; undefined when there is none. */
  readonly position: number | undefined
}

/** An event of the past. */
export type PastFact<Stored> = Stored & {
  readonly version: number
  readonly id: string
  readonly position: number
  /** When it was appended, in milliseconds since 1970. */
  readonly timeMs: number
  readonly metadata: StreamMetadata
}

/** A part of an aggregate's past, in order. */
export interface Past<Stored> {
  readonly events: readonly PastFact<Stored>[]
  readonly more: boolean
}

/** As of when to look at an aggregate: a time in milliseconds since 1970, or a version. */
export interface AsOf {
  readonly asOf?: { readonly timeMs: number } | { readonly version: number }
}

/** Which part of the past to read. */
export interface PastRange {
  /** First version. Default 1. */
  readonly from?: number
  /** Events at most, 1 to 10 000. Default 1 000. */
  readonly limit?: number
}

/** What an append builds upon. */
export interface AppendOptions {
  /** Default: the version that this transaction has loaded, loading it if it has not. */
  readonly expected?: ExpectedVersion
}

/** The event of a contract that stands for a fact; undefined for a schema. */
export function toContractEvent(source: FactSource): AnyEvent | undefined {
  return (source as { readonly kind?: unknown }).kind === 'event' ? (source as AnyEvent) : undefined
}

/** The name of an aggregate's stream. */
export function streamOf(aggregate: AnyAggregate, id: string): string {
  return `${aggregate.name}-${id}`
}
