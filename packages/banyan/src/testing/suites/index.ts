/**
 * Contract suites: what every implementation of a port must do, memory and engine alike. They declare vitest tests, so this
 * folder is the only one of the library that imports vitest; give it to test files only.
 *
 * @example
 * storeSuite('postgres', async () => ({ store, shiftClock: (ms) => shift(ms), close: () => store.close() }))
 */
export { busSuite } from './bus-suite.ts'
export { eventStoreSuite } from './event-store-suite.ts'
export { idempotencySuite } from './idempotency-suite.ts'
export { inboxSuite } from './inbox-suite.ts'
export { keepingSuite } from './keeping-suite.ts'
export type { OpenedBus, OpenedStore } from './open.ts'
export { outboxSuite } from './outbox-suite.ts'
export { type OpenedTarget, projectionTargetSuite } from './projection-target-suite.ts'
export { projectionsSuite } from './projections-suite.ts'
export { sagasSuite } from './sagas-suite.ts'
export { storeSuite } from './store-suite.ts'
export { factLabels, readStreams, sampleFact } from './stream-facts.ts'
export { streamReadingSuite } from './stream-reading-suite.ts'
export { type OpenedTransport, transportSuite } from './transport-suite.ts'
export { type OpenedTraps, trapSuite } from './trap-suite.ts'
