/** The shop's payment provider: its own program, with a ledger in a folder of its own. It stands for a company that never fails. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The variable by which the shop and the provider agree on a port. */
export const portVariable = 'SHOP_PROVIDER_PORT'

export interface ShopProvider {
  readonly port: string
  readonly url: string
  stop(): Promise<void>
}

const program = fileURLToPath(new URL('../../../../../examples/shop/payment-provider/main.ts', import.meta.url))

export async function startShopProvider(): Promise<ShopProvider> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-chaos-provider-'))
  const child = spawn(process.execPath, [program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, [portVariable]: '0', SHOP_PROVIDER_DATA: folder, SHOP_PROVIDER_STDIN_LIFELINE: '1' },
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const port = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the payment provider did not come up')))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const [, found] = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(text) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await gone
      await rm(folder, { recursive: true, force: true })
    },
  }
}
