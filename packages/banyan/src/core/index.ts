/** core: what everything else stands on. */
export { type Cancellable, Cancellation, CancelScope, followSignal } from './cancellation.ts'
export { type Code, type CodeFacts, codes, isCode } from './code.ts'
export type { Clock, Environment } from './environment/environment.ts'
export type { Files } from './environment/files.ts'
export type {
  Headers,
  HttpAnswer,
  HttpCall,
  HttpClient,
  HttpClientOptions,
  HttpHandler,
  HttpRequest,
  HttpResponse,
  HttpServer,
  HttpServerOptions,
  Network,
} from './environment/network.ts'
export { createUuidv7, type Random, toHex } from './environment/random.ts'
export { realEnvironment } from './environment/real/index.ts'
export { sleep, type Timer, type TimerNode, type Timers } from './environment/timers.ts'
export { createVirtualEnvironment, type VirtualEnvironment, type VirtualNetwork } from './environment/virtual/index.ts'
export {
  BanyanError,
  type ErrorDocument,
  type ErrorOptions,
  type FieldIssue,
  fromAbort,
  fromErrorDocument,
  fromUnknown,
  isBanyanError,
  type Outcome,
  toErrorDocument,
} from './error.ts'
