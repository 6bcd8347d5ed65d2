/** The durable log between services: the port, the envelope, the relay that fills it and the consumer that reads it. */
export type { Bus, LoggedEvent, RelayLease } from './bus.ts'
export { createMemoryBus, type MemoryBusOptions } from './memory/memory-bus.ts'
