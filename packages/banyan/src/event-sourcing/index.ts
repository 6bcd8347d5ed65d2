/**
 * `banyan/event-sourcing`: aggregates, whose state is the sum of what has happened to them. The streams themselves are the
 * store's (`banyan/store`).
 */
export type {
  Aggregate,
  AggregateSpec,
  AnyAggregate,
  AppendOptions,
  AsOf,
  CommandOf,
  Decided,
  DefinedAggregate,
  FactSource,
  FactSources,
  GivenFact,
  GivenOf,
  InputOf,
  Loaded,
  Past,
  PastFact,
  PastRange,
  SnapshotRule,
  StateOf,
  StoredFact,
  StoredOf,
} from './aggregate.ts'
export { streamOf, toContractEvent } from './aggregate.ts'
export { AggregateSession, maxDecisions, type SessionScope } from './aggregate-session.ts'
export { defineAggregate, isAggregate } from './define-aggregate.ts'
export { codecOf, type Fact, type FactCodec, type WrittenFact } from './fact-codec.ts'
export { evolveAll, loadAggregate, maxReplayedEvents, type Replayed, readPast, type StreamReader } from './load.ts'
