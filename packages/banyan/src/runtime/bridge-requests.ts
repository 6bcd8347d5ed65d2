/** Carries out what is asked of a bridge: one request after the other, each answered. */
import { toOneLine } from '../bus/operator-log.ts'
import { isBanyanError } from '../core/error.ts'
import type { BridgeOutcome, BridgeRequest } from '../store/bridges.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Bridge } from './bridge.ts'
import type { Redact } from './bridge-redaction.ts'

/** How long a request is one host's; it may then be carried out by another, in milliseconds. */
export const requestLeaseMs = 60_000
/** Requests carried out in one look. */
const requestsPerLook = 10

/** What it takes to carry requests out. */
export interface BridgeRequestsOptions {
  readonly bridge: Bridge
  readonly store: Store
  readonly log: Log
  readonly redact: Redact
  readonly act: (request: BridgeRequest) => Promise<string>
}

/** Carries out what is asked now; rejects when the database cannot say what that is. */
export async function carryOutRequests(of: BridgeRequestsOptions, isStopping: () => boolean): Promise<void> {
  const { bridge, store, log } = of
  for (let count = 0; count < requestsPerLook && !isStopping(); count++) {
    const request = await store.bridges.take(bridge.name, requestLeaseMs)
    if (request === undefined) return
    const outcome = await answerTo(of, request)
    const facts = { action: request.action, by: request.by, outcome: outcome.message }
    log.info(outcome.ok ? 'carried out what was asked' : 'could not carry out what was asked', facts)
    await store.bridges.answer(request.id, outcome)
  }
}

async function answerTo(
  { bridge, act, redact }: BridgeRequestsOptions,
  request: BridgeRequest,
): Promise<BridgeOutcome> {
  if (!bridge.actions.includes(request.action))
    return { ok: false, message: `a bridge of kind '${bridge.kind}' cannot '${request.action}'` }
  try {
    return { ok: true, message: redact(await act(request)) }
  } catch (error) {
    return { ok: false, message: redact(isBanyanError(error) ? error.message : toOneLine(error)) }
  }
}
