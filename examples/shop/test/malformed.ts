// Hundreds of malformed requests over bare sockets: never a 500, never the inside shown, never silence, and nothing
// written. Run against any shape of the shop, like the black-box suite.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPages } from '../audit/reader.ts'
import { createSubject, ok, type RunningShop, type Subject } from './black-box/subject.ts'
import { startTimeoutMs } from './black-box.ts'
import { createShopClient, type Level, type Product } from './client.ts'
import { malformedRequests } from './malformed/generate.ts'
import type { MalformedRequest, Target } from './malformed/request.ts'
import { faultOf } from './malformed/verdict.ts'
import { exchange } from './raw-http.ts'

export const defaultSeed = 20_240_229
export const maxConcurrent = 8
const kindTimeoutMs = 120_000

interface Prepared {
  subject: Subject
  target: Target
  skus: string[]
  before: Written
}

/** What a malformed request must not change: the orders of the customer they name, stock, and charges. */
interface Written {
  orders: string[]
  levels: Level[]
  charges: number
}

/** Declares the suite; the same `start` as for the black-box suite. */
export function malformed(name: string, start: () => Promise<RunningShop>, seed: number = defaultSeed): void {
  describe(name, { timeout: kindTimeoutMs }, () => {
    let running: RunningShop | undefined
    let prepared: Prepared | undefined
    beforeAll(async () => {
      running = await start()
      prepared = await prepare(running)
    }, startTimeoutMs)
    afterAll(() => running?.stop(), startTimeoutMs)
    const shop = (): Prepared => {
      if (!prepared) throw new Error('the shop did not start')
      return prepared
    }

    // The kinds are known before the shop runs; the requests need its products.
    const kinds = Object.keys(malformedRequests({ sku: '', orderId: '', customerId: '' }, seed))
    it.each(kinds)('are answered decently: %s', async (kind) => {
      const { subject, target } = shop()
      const faults = await sendAll(subject.shop.url, malformedRequests(target, seed)[kind] ?? [])
      expect(faults).toEqual([])
    })

    it('have written nothing', async () => {
      const { subject, target, skus, before } = shop()
      expect(await readWritten(subject, target, skus)).toEqual(before)
    })

    it('have left a shop that sells', async () => {
      const { subject } = shop()
      const { orderId } = await subject.place([{ sku: subject.takeSku(), quantity: 1 }])
      await subject.reach(orderId, 'delivered')
    })
  })
}

async function prepare(running: RunningShop): Promise<Prepared> {
  const client = createShopClient(running.gatewayUrl)
  const products = await readPages<Product>((page) => client.products(page), 'products')
  const skus = products.map(({ sku }) => sku)
  const subject = createSubject(running, skus)
  const [sku, customerId] = [subject.takeSku(), `customer-${randomUUID()}`]
  const { orderId } = await subject.place([{ sku, quantity: 1 }], 'tok_ok', customerId)
  await subject.reach(orderId, 'delivered')
  const target = { sku, orderId, customerId }
  return { subject, target, skus, before: await readWritten(subject, target, skus) }
}

async function readWritten(subject: Subject, target: Target, skus: readonly string[]): Promise<Written> {
  const orders = ok(await subject.shop.ordersOf(target.customerId, { limit: 50 })).items
  const levels = await Promise.all(skus.map((sku) => subject.level(sku)))
  const charges = ok(await subject.provider.charges(undefined, 1_000))
  return { orders: orders.map(({ orderId, status }) => `${orderId} ${status}`), levels, charges: charges.length }
}

/** Sends them a few at a time and tells, by name, which were not answered decently. */
async function sendAll(url: string, requests: readonly MalformedRequest[]): Promise<string[]> {
  const faults: string[] = []
  const queue = requests.values()
  const worker = async (): Promise<void> => {
    for (const request of queue) {
      const fault = faultOf(request, await exchange(url, request.bytes))
      if (fault) faults.push(`${request.name}: ${fault}`)
    }
  }
  await Promise.all(Array.from({ length: maxConcurrent }, worker))
  return faults
}
