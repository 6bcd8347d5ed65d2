/** The naive versions that the tests of the 15 traps compare with; docs/guide/event-guarantees.md lists traps and tests. */
export { consumeNaively, type NaiveFailure } from './naive-consumer.ts'
export { deliverNaively, markFirst } from './naive-delivery.ts'
export {
  createNaiveOutbox,
  type NaiveOutboxOptions,
  type NaiveReading,
  naiveOutboxMigration,
  publishNaively,
} from './naive-outbox.ts'
