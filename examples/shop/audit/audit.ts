// The audit: read, hold against the rules, and read again until everything balances or the time to settle is over.
// The surfaces cannot be read in one moment, and orders take seconds to finish, so only what is still wrong at the end
// of that time is a violation. What is wrong for good (money gone, an order lost) does not heal by waiting.

import { createProviderClient, createShopClient } from './client.ts'
import { type Known, readSnapshot } from './reader.ts'
import { findViolations, type RuleOptions, type Violation } from './rules.ts'
import type { Snapshot } from './snapshot.ts'

export interface AuditOptions extends Known, RuleOptions {
  gatewayUrl: string
  providerUrl: string
  /** How long orders may take to come to an end, and books to balance. */
  settleMs?: number
  /**
   * Nothing is believed to balance before this has passed: a slow provider may still authorize what the shop has long
   * given up, and the shop then has to void it. 0 unless told otherwise.
   */
  minWaitMs?: number
}

export interface AuditResult {
  violations: Violation[]
  orders: number
  charges: number
  products: number
}

/** The parts of the world the loop needs, so that it can be tested without waiting. */
export interface AuditLoop {
  read: () => Promise<Snapshot>
  now: () => number
  sleep: (ms: number) => Promise<void>
  settleMs: number
  minWaitMs: number
  rules: RuleOptions
}

export const defaultSettleMs = 15_000
export const pollMs = 500

/** Audits a running shop. Throws when it cannot be read at all by the end of the time to settle. */
export function audit(options: AuditOptions): Promise<AuditResult> {
  const shop = createShopClient(options.gatewayUrl)
  const provider = createProviderClient(options.providerUrl)
  return auditUntilSettled({
    read: () => readSnapshot(shop, provider, options),
    now: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    settleMs: options.settleMs ?? defaultSettleMs,
    minWaitMs: options.minWaitMs ?? 0,
    rules: options,
  })
}

export async function auditUntilSettled(loop: AuditLoop): Promise<AuditResult> {
  const earliest = loop.now() + loop.minWaitMs
  const deadline = Math.max(loop.now() + loop.settleMs, earliest)
  for (;;) {
    await loop.sleep(Math.max(0, earliest - loop.now()))
    // Taken before reading: the last reading then begins when the time is over, not shortly before.
    const isLast = loop.now() >= deadline
    const result = await attempt(loop).catch((error: unknown) => {
      if (isLast) throw error
      return undefined
    })
    if (result && (isLast || result.violations.length === 0)) return result
    await loop.sleep(Math.max(0, Math.min(pollMs, deadline - loop.now())))
  }
}

async function attempt({ read, rules }: AuditLoop): Promise<AuditResult> {
  const snapshot = await read()
  return {
    violations: findViolations(snapshot, rules),
    orders: snapshot.orders.length,
    charges: snapshot.charges.length,
    products: snapshot.products.length,
  }
}
