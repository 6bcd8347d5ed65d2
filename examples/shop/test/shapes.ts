/** The shapes in which the shop must be the same: started as a user starts it, by the command. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPostgresServer } from '@banyan/tools/postgres-server'
import { type Flow, flowVariable } from '../flow.ts'
import type { RunningShop } from './black-box/subject.ts'
import { freePort } from './free-port.ts'
import { createStage, type Ports } from './kill-loop/stage.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const command = [
  process.execPath,
  join(root, 'apps/cli/src/main.ts'),
  'dev',
  '--no-watch',
  '--project',
  join(root, 'examples/shop'),
]

export async function freePorts(): Promise<Ports> {
  const [gateway, control, provider] = await Promise.all([freePort(), freePort(), freePort()])
  return { gateway: gateway as number, control: control as number, provider: provider as number }
}

/** How to start the shop in a shape. */
export const startCommand = (...extra: readonly string[]): readonly string[] => [...command, ...extra]

/** Starts the shop by its command, on free ports and an empty data directory, with or without a server of its own. */
export async function startShape(options: {
  readonly split: boolean
  readonly server: boolean
  readonly checkout?: Flow
}): Promise<RunningShop> {
  const dataDir = await mkdtemp(join(tmpdir(), 'banyan-shape-'))
  const server = options.server ? await startPostgresServer() : undefined
  const stage = createStage({
    startCommand: startCommand(...(options.split ? ['--split', 'all'] : [])),
    dataDir,
    ports: await freePorts(),
    env: { DATABASE_URL: server?.url ?? '', [flowVariable]: options.checkout ?? '' },
    recoveryMs: 90_000,
  })
  const stop = async (): Promise<void> => {
    await stage.stop()
    await server?.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    await stage.start()
  } catch (error) {
    await stop()
    throw error
  }
  return { gatewayUrl: stage.gatewayUrl, providerUrl: stage.providerUrl, stop }
}
