/** transport: how calls travel between hosts. */
export { createHttpTransport, type HttpTransportOptions } from './http/http-transport.ts'
export { createMemoryTransport } from './memory/memory-transport.ts'
export { createTokens, createTokensFromDigests, digestToken, type Tokens } from './tokens.ts'
export type { Channel, InboundCall, Listener, Transport, WireCall, WireHandler, WireMetadata } from './transport.ts'
