/** `banyan/gateway`: the HTTP edge of a system. */
export type { CorsOptions } from './cors.ts'
export { createGateway } from './gateway.ts'
export { defaultLimits, type GatewayLimits } from './limits.ts'
export type { Gateway, GatewayOptions, Invoke, InvokeOptions, Readiness } from './options.ts'
export type { ProblemIssue } from './problem.ts'
export { defineWebhook, maxWebhookBytes, type WebhookSpec, webhookTimeoutMs } from './webhook/define-webhook.ts'
export {
  bodyHmac,
  standardWebhooks,
  type TimedSecrets,
  timestampedHmac,
  type WebhookSecrets,
  webhookToleranceMs,
} from './webhook/signatures.ts'
