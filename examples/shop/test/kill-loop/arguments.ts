// The command line of the kill loop.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { KillLoopOptions } from './options.ts'
import type { KillTarget } from './status.ts'

export const usage = `usage: kill-loop [options] [-- COMMAND ARG…]
  --rounds N          kills (30)
  --seed N            chooses victims and orders (1)
  --target hosts|all  hosts only, or also the database, the payment provider and the parent (all)
  --data-dir DIR      BANYAN_DATA_DIR of the shop (a new temporary directory)
  --gateway-port N  --control-port N  --provider-port N   (18080, 18090, 18070)
  --recovery-ms N     how long a recovery may take (60000)
the default command is: npm start --
`

const flags = {
  rounds: { type: 'string', default: '30' },
  seed: { type: 'string', default: '1' },
  target: { type: 'string', default: 'all' },
  'data-dir': { type: 'string' },
  'gateway-port': { type: 'string', default: '18080' },
  'control-port': { type: 'string', default: '18090' },
  'provider-port': { type: 'string', default: '18070' },
  'recovery-ms': { type: 'string', default: '60000' },
  help: { type: 'boolean', default: false },
} as const

/** undefined: only the usage was asked for. */
export function toKillLoopOptions(args: readonly string[]): KillLoopOptions | undefined {
  const end = args.indexOf('--')
  const [own, command] = end === -1 ? [args, []] : [args.slice(0, end), args.slice(end + 1)]
  const { values } = parseArgs({ args: [...own], options: flags, strict: true, allowPositionals: false })
  if (values.help) return undefined
  if (values.target !== 'hosts' && values.target !== 'all') {
    throw new Error(`--target must be hosts or all, is ${JSON.stringify(values.target)}`)
  }
  const target: KillTarget = values.target
  return {
    startCommand: command.length === 0 ? ['npm', 'start', '--'] : command,
    rounds: toCount('--rounds', values.rounds),
    seed: toCount('--seed', values.seed),
    target,
    dataDir: values['data-dir'] ?? mkdtempSync(join(tmpdir(), 'kill-loop-')),
    ports: {
      gateway: toCount('--gateway-port', values['gateway-port']),
      control: toCount('--control-port', values['control-port']),
      provider: toCount('--provider-port', values['provider-port']),
    },
    recoveryMs: toCount('--recovery-ms', values['recovery-ms']),
  }
}

function toCount(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${flag} must be a whole number, is ${JSON.stringify(text)}`)
  return Number(text)
}
