/** A host's health, as probes ask for it: alive, ready (and why not), started. */
import type { HttpResponse } from '../core/environment/network.ts'

/** Where a host is in its life. */
export type HostState = 'new' | 'starting' | 'ready' | 'draining' | 'stopped' | 'failed'

/** Whether traffic is welcome, and if not, why. */
export interface Readiness {
  readonly ready: boolean
  readonly reasons: readonly string[]
  /** What somebody should look at, though traffic is welcome. */
  readonly warnings?: readonly string[]
}

const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
const answer = (ok: boolean, body: object): HttpResponse => ({
  status: ok ? 200 : 503,
  headers,
  body: JSON.stringify(body),
})

/**
 * Answers `/livez`, `/readyz` and `/startupz`; undefined for every other path.
 * Alive means that the process answers at all; a host that cannot reach its database is alive but not ready.
 */
export function answerHealth(path: string, state: HostState, readiness: () => Readiness): HttpResponse | undefined {
  if (path === '/livez') return answer(state !== 'failed', { state })
  if (path === '/startupz') return answer(state !== 'new' && state !== 'starting' && state !== 'failed', { state })
  if (path !== '/readyz') return undefined
  const { ready, reasons, warnings = [] } = readiness()
  return answer(ready, { state, ready, reasons, ...(warnings.length > 0 ? { warnings } : {}) })
}
