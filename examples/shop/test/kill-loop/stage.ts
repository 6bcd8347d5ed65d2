// The running shop that the kill loop kills pieces of: started, found ready again, and brought down at the end.

import { createShopClient } from '../client.ts'
import { eventually } from '../eventually.ts'
import { type ShopProcess, startShop } from './shop-process.ts'
import { downOf, type RunningProcess, toProcesses } from './status.ts'

export interface Ports {
  gateway: number
  control: number
  provider: number
}

export interface StageOptions {
  startCommand: readonly string[]
  dataDir: string
  ports: Ports
  /** Env of the shop beside addresses and data directory. */
  env?: Record<string, string>
  recoveryMs: number
}

export interface Stage {
  readonly gatewayUrl: string
  readonly providerUrl: string
  processes(): Promise<RunningProcess[]>
  /** Starts the command (again) and waits until all is up. */
  start(): Promise<void>
  /** Waits until everything is up: not more than `recoveryMs`. `changed` names a pid that must be gone. */
  recovered(gonePid: number): Promise<void>
  /** Waits for the end of the command, after its parent process was killed. */
  ended(): Promise<void>
  stop(): Promise<void>
}

/** Longer than the shop may take to drain. */
export const stopMs = 30_000

export function createStage(options: StageOptions): Stage {
  const { ports, recoveryMs } = options
  const at = (port: number): string => `http://127.0.0.1:${port}`
  const shop = createShopClient(at(ports.gateway), 5_000)
  let command: ShopProcess | undefined

  async function processes(): Promise<RunningProcess[]> {
    const response = await fetch(`${at(ports.control)}/status.json`, { signal: AbortSignal.timeout(5_000) })
    return toProcesses(await response.json())
  }

  /** Why the shop is not up, or nothing. */
  async function trouble(gonePid: number): Promise<string | undefined> {
    const found = await processes()
    if (found.some(({ pid }) => pid === gonePid)) return `process ${gonePid} was killed and is still listed`
    const down = downOf(found)
    if (down.length > 0) return down.join(', ')
    const products = await shop.products({ limit: 1 })
    if (products.status !== 200) return `the gateway answers ${products.status}`
    const provider = await fetch(`${at(ports.provider)}/healthz`, { signal: AbortSignal.timeout(5_000) })
    return provider.ok ? undefined : `the payment provider answers ${provider.status}`
  }

  async function recovered(gonePid: number): Promise<void> {
    const state = await eventually(
      'the shop to be up',
      async () => ({ exit: command?.exit, trouble: command?.exit ? undefined : await trouble(gonePid) }),
      ({ exit, trouble: why }) => exit !== undefined || why === undefined,
      { timeoutMs: recoveryMs, intervalMs: 100 },
    )
    if (state.exit !== undefined) throw new Error(`the shop ended by itself (${state.exit}):\n${command?.lastOutput()}`)
  }

  return {
    gatewayUrl: at(ports.gateway),
    providerUrl: at(ports.provider),
    processes,
    recovered,
    async start() {
      command = startShop(options.startCommand, {
        ...options.env,
        BANYAN_DATA_DIR: options.dataDir,
        BANYAN_GATEWAY_PORT: String(ports.gateway),
        BANYAN_CONTROL_PORT: String(ports.control),
        SHOP_PROVIDER_PORT: String(ports.provider),
      })
      await recovered(0)
    },
    async ended() {
      await eventually(
        'the command to end',
        async () => command?.exit,
        (exit) => exit !== undefined,
        { timeoutMs: recoveryMs },
      )
    },
    async stop() {
      if (!command || command.exit !== undefined) return
      // A package manager between us and the shop may not pass signals on: the shop itself gets it, where it is known.
      const parent = (await processes().catch(() => [])).find(({ kind }) => kind === 'parent')
      await bringDown(command, parent?.pid)
    },
  }
}

/** Asks it to end, and ends it after `stopMs`. */
async function bringDown(command: ShopProcess, parentPid: number | undefined): Promise<void> {
  const patience = AbortSignal.timeout(stopMs)
  if (parentPid !== undefined) process.kill(parentPid, 'SIGTERM')
  else command.signal('SIGTERM')
  await Promise.race([command.ended, new Promise((resolve) => patience.addEventListener('abort', resolve))])
  if (command.exit !== undefined) return
  if (parentPid !== undefined) process.kill(parentPid, 'SIGKILL')
  command.signal('SIGKILL')
}
