// The shop in this process on a real Postgres, beside the real provider, such that either can be ended and started again in
// the middle of what it does. A host that is stopped with no time to drain leaves what a crashed one would leave: handlers
// cut off between the provider's answer and the transaction, events that were delivered and not marked.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgresServer } from '@banyan/tools/postgres-server'
import { expect } from 'vitest'
import { audit } from '../../audit/audit.ts'
import { createShopClient, type Product, type ShopClient } from '../../audit/client.ts'
import { readPages } from '../../audit/reader.ts'
import { createSubject, type Subject } from '../black-box/subject.ts'
import { freePort } from '../free-port.ts'
import { type InProcessShop, startInProcess } from '../start-in-process.ts'
import { createProviderProcess, type ProviderProcess } from './provider-process.ts'

export interface RaceStage {
  readonly subject: Subject
  readonly shop: ShopClient
  readonly provider: ProviderProcess
  /** The host dies without draining. */
  crashHost(): Promise<void>
  /** Starts it again, with all services or some. */
  startHost(services?: readonly string[]): Promise<void>
  /** Waits until every order has ended and all books balance. */
  expectBalance(orders?: readonly string[]): Promise<void>
  stop(): Promise<void>
}

const settleMs = 45_000
/** Faults are the subject here, so the log is full of them; SHOP_TEST_LOG=1 shows it. */
const write = (line: string): void => void (process.env['SHOP_TEST_LOG'] && process.stderr.write(`${line}\n`))

export async function startStage(): Promise<RaceStage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'banyan-races-'))
  const [gatewayPort, providerPort] = [await freePort(), await freePort()]
  // Read by payments/provider.ts when the host loads it, which is after this.
  process.env['SHOP_PROVIDER_PORT'] = String(providerPort)
  const provider = createProviderProcess(providerPort, dataDir)
  const server = await startPostgresServer()
  await provider.start()
  const start = (services?: readonly string[]): Promise<InProcessShop> =>
    startInProcess(server.url, { gatewayPort, write, ...(services && { services }) })
  let running: InProcessShop | undefined = await start()
  const shop = createShopClient(running.gatewayUrl)
  const products = await readPages<Product>((page) => shop.products(page), 'products')
  const urls = { gatewayUrl: running.gatewayUrl, providerUrl: provider.url }
  const stop = async (): Promise<void> => {
    await running?.stop()
    await provider.kill()
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  return {
    shop,
    provider,
    subject: createSubject(
      { ...urls, stop },
      products.map(({ sku }) => sku),
    ),
    async crashHost() {
      await running?.stop({ drainMs: 0 })
      running = undefined
    },
    async startHost(services) {
      await running?.stop({ drainMs: 0 })
      running = await start(services)
    },
    async expectBalance(orders = []) {
      const { violations } = await audit({ ...urls, settleMs, orders })
      expect(violations).toEqual([])
    },
    stop,
  }
}
