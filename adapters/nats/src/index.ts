/** Banyan's bus on NATS JetStream. */
export { fromNatsUrl, type NatsAddress } from './connection/url.ts'
export { createNatsBus, type NatsBus, type NatsBusOptions } from './nats-bus.ts'
