/** The probes of an orchestrator: alive, ready and why not, started. They answer also under load and while draining. */
import type { HttpResponse } from '../core/environment/network.ts'
import type { SystemPage } from './edge.ts'
import type { Readiness } from './options.ts'

function answer(status: 200 | 503, document: object): HttpResponse {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(document) }
}

function readiness(given: () => Readiness, draining: () => boolean): Readiness {
  if (draining()) return { ready: false, reasons: ['the gateway is stopping'] }
  try {
    return given()
  } catch {
    return { ready: false, reasons: ['readiness could not be found out'] }
  }
}

/** `/livez`, `/readyz`, `/startupz`. The last stays good once the system was ready for the first time. */
export function createProbes(ready: () => Readiness, draining: () => boolean): readonly SystemPage[] {
  let started = false
  const look = (): Readiness => {
    const found = readiness(ready, draining)
    started ||= found.ready
    return found
  }
  return [
    { path: '/livez', answer: () => answer(200, { status: 'alive' }) },
    {
      path: '/readyz',
      answer: () => {
        const { ready: isReady, reasons } = look()
        return isReady ? answer(200, { status: 'ready' }) : answer(503, { status: 'not ready', reasons })
      },
    },
    {
      path: '/startupz',
      answer: () => {
        const { reasons } = look()
        return started ? answer(200, { status: 'started' }) : answer(503, { status: 'starting', reasons })
      },
    },
  ]
}
