/**
 * The answer to `GET /metrics`. Who may ask is decided by the port: it is that of the hosts, which is private and answers probes
 * without a token as well, and never that of the gateway (docs/decisions/0018).
 */
import type { HttpResponse } from '../core/environment/network.ts'
import { expositionTypes, toExposition } from '../telemetry/metrics/exposition.ts'
import type { MetricFamily } from '../telemetry/metrics/metric-family.ts'
import { chooseExposition } from '../telemetry/metrics/negotiation.ts'

/**
 * Answers with these families in the format that the header asks for.
 *
 * @example
 * answerMetrics([], 'text/plain').headers['content-type'] // 'text/plain; version=0.0.4; charset=utf-8'
 */
export function answerMetrics(families: readonly MetricFamily[], accept: string | undefined): HttpResponse {
  const format = chooseExposition(accept)
  return {
    status: 200,
    headers: { 'content-type': expositionTypes[format], 'cache-control': 'no-store', vary: 'accept' },
    body: toExposition(families, format),
  }
}
