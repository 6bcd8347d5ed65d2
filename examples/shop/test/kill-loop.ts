// kill -9 of a random process, again and again, under load: and nothing that was acknowledged may be lost, nothing may
// be applied twice, and the books must balance in the end.
//
//   node examples/shop/test/kill-loop.ts --rounds 30 --seed 7 -- npm start -- --split all
//
// Victims and orders are chosen by the seed. When a kill meets which request is up to the machine, so a seed is a
// schedule, not a replay. Everything is bounded: a round by its recovery, the end by the time to settle.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { audit } from '../audit/audit.ts'
import { readPages, readSnapshot } from '../audit/reader.ts'
import { isGone, quantities } from '../audit/snapshot.ts'
import { createProviderClient, createShopClient, type Order, type Product, type ShopClient } from './client.ts'
import { eventually } from './eventually.ts'
import { toKillLoopOptions, usage } from './kill-loop/arguments.ts'
import { type Account, type Load, startLoad } from './kill-loop/load.ts'
import type { KillLoopOptions } from './kill-loop/options.ts'
import { createStage, type Stage } from './kill-loop/stage.ts'
import { chooseVictim, type KillTarget, type RunningProcess } from './kill-loop/status.ts'
import { createSeededRandom, type SeededRandom } from './seeded-random.ts'

export type { KillLoopOptions } from './kill-loop/options.ts'

export interface KillLoopResult {
  kills: number
  acknowledged: number
  final: number
  retries: number
  violations: string[]
}

export const defaultRecoveryMs = 60_000
export const defaultSettleMs = 90_000
/** What the provider was slow to authorize when the load ended shows only after its five seconds, and is then voided. */
export const lateChargesMs = 10_000
/** Enough of everything that orders fail for the reasons their tokens ask for, and not for want of goods. */
export const plentyOnHand = 1_000_000

/** Throws when the shop cannot be started or does not recover; whatever it promised and broke is a violation. */
export async function killLoop(options: KillLoopOptions): Promise<KillLoopResult> {
  const log = options.log ?? (() => {})
  const random = createSeededRandom(options.seed)
  const stage = createStage({ ...options, recoveryMs: options.recoveryMs ?? defaultRecoveryMs })
  try {
    await stage.start()
    const shop = createShopClient(stage.gatewayUrl, 10_000)
    const initialStock = await fillShelves(shop, stage)
    const load = startLoad({ shop, skus: [...initialStock.keys()], random, newKey: randomUUID, sleep })
    for (let round = 1; round <= options.rounds; round++) {
      const victim = await killOne(stage, load, options.target, random)
      log(`round ${round}: killed ${victim.name} (${victim.kind}, pid ${victim.pid}), ${progress(load.account)}`)
    }
    await load.stop()
    return await judge(options, stage, shop, load.account, initialStock)
  } finally {
    await stage.stop()
  }
}

/** Lets the load run a while, kills, and waits until the shop is up and acknowledges orders again. */
async function killOne(stage: Stage, load: Load, target: KillTarget, random: SeededRandom): Promise<RunningProcess> {
  await sleep(random.integer(200, 2_500))
  const victim = chooseVictim(await stage.processes(), target, random)
  if (!victim) throw new Error('status.json lists no running process of the kind to kill')
  process.kill(victim.pid, 'SIGKILL')
  if (victim.kind === 'parent') {
    await stage.ended()
    await stage.start()
  } else await stage.recovered(victim.pid)
  const before = load.account.acknowledged.size
  const acknowledged = async (): Promise<number> => load.account.acknowledged.size
  await eventually('orders to be acknowledged again', acknowledged, (now) => now > before)
  return victim
}

/** Sets every level high, and gives what the shelves would have held if nothing had left them yet. */
async function fillShelves(shop: ShopClient, stage: Stage): Promise<Map<string, number>> {
  const provider = createProviderClient(stage.providerUrl)
  const gone = quantities(await readSnapshot(shop, provider, {}), isGone)
  const products = await readPages<Product>((page) => shop.products(page), 'products')
  const initial = new Map<string, number>()
  for (const { sku } of products) {
    const answer = await shop.setOnHand(sku, plentyOnHand)
    if (answer.status >= 300) throw new Error(`PUT /inventory/${sku}: answered ${answer.status} ${answer.text}`)
    initial.set(sku, plentyOnHand + (gone.get(sku) ?? 0))
  }
  return initial
}

async function judge(
  options: KillLoopOptions,
  stage: Stage,
  shop: ShopClient,
  account: Account,
  initialStock: Map<string, number>,
): Promise<KillLoopResult> {
  const orders = [...new Set(account.acknowledged.values())]
  const customers = [...account.keysOf.keys()]
  const { gatewayUrl, providerUrl } = stage
  const settleMs = options.settleMs ?? defaultSettleMs
  const known = { orders, customers, initialStock }
  const { violations } = await audit({ gatewayUrl, providerUrl, ...known, settleMs, minWaitMs: lateChargesMs })
  const unsettled = violations.filter(({ rule }) => rule === 'order settles' || rule === 'order exists').length
  return {
    kills: options.rounds,
    acknowledged: orders.length,
    final: orders.length - Math.min(unsettled, orders.length),
    retries: account.retries,
    violations: [
      ...violations.map(({ rule, what }) => `${rule}: ${what}`),
      ...account.broken,
      ...(await extraOrders(shop, account)),
    ],
  }
}

/** A customer of the load has at most one order for each key it sent. */
async function extraOrders(shop: ShopClient, account: Account): Promise<string[]> {
  const found: string[] = []
  for (const [customer, keys] of account.keysOf) {
    const orders = await readPages<Order>((page) => shop.ordersOf(customer, page), `orders of ${customer}`)
    if (orders.length > keys) found.push(`${customer} sent ${keys} keys and has ${orders.length} orders`)
  }
  return found
}

function progress({ acknowledged, retries }: Account): string {
  return `${acknowledged.size} orders acknowledged, ${retries} retries`
}

async function main(): Promise<number> {
  const options = toKillLoopOptions(process.argv.slice(2))
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  if (!options) {
    print(usage)
    return 0
  }
  const result = await killLoop({ ...options, log: print })
  for (const violation of result.violations) print(violation)
  const { acknowledged, final, violations, kills } = result
  print(`kills ${kills}, orders acknowledged ${acknowledged}, final ${final}, violations ${violations.length}`)
  return violations.length === 0 ? 0 : 1
}

if (import.meta.main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    process.stderr.write(`kill-loop: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  }
}
