/** Bridges between Banyan's log and RabbitMQ. */
export { type FromRabbitOptions, fromRabbit, type PublishMessage } from './from-rabbit.ts'
export { createRabbitBridgeIn, type RabbitBridgeIn, type RabbitBridgeInStatus } from './in/bridge-in.ts'
export { badMessage, fromCloudEvent, type InboundEvent, type RabbitMessage } from './in/from-message.ts'
export { maxEventsPerMessage } from './in/make-events.ts'
export type { RabbitBridgeInOptions } from './in/options.ts'
export {
  createRabbitBridgeOut,
  type RabbitBridgeOut,
  type RabbitBridgeOutOptions,
  type RabbitBridgeOutStatus,
} from './out/bridge-out.ts'
export type { ContentMode } from './out/to-message.ts'
export { type ToRabbitOptions, toRabbit } from './to-rabbit.ts'
