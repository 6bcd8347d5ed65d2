// What a kill loop is told.

import type { Ports } from './stage.ts'
import type { KillTarget } from './status.ts'

export interface KillLoopOptions {
  startCommand: readonly string[]
  rounds: number
  seed: number
  dataDir: string
  ports: Ports
  target: KillTarget
  env?: Record<string, string>
  /** How long the shop may take to be up again after a kill. */
  recoveryMs?: number
  /** How long acknowledged orders may take to come to an end after the last kill. */
  settleMs?: number
  log?: (line: string) => void
}
