// The command that starts the shop, as a process that may be killed and started again.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface ShopProcess {
  readonly pid: number
  /** undefined while it runs; then how it ended. */
  readonly exit: string | undefined
  /** The last lines of what it wrote, for a message. */
  lastOutput(): string
  signal(name: NodeJS.Signals): void
  /** Resolves when the command has ended. */
  readonly ended: Promise<void>
}

export const keptOutputChars = 4_000

export function startShop(command: readonly string[], env: Record<string, string>): ShopProcess {
  const [program, ...args] = command
  if (program === undefined) throw new Error('the start command is empty')
  const child: ChildProcess = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm is a script on Windows.
    shell: process.platform === 'win32',
  })
  let output = ''
  let exit: string | undefined
  const keep = (text: string): void => {
    output = (output + text).slice(-keptOutputChars)
  }
  child.stdout?.setEncoding('utf8').on('data', keep)
  child.stderr?.setEncoding('utf8').on('data', keep)
  child.on('error', (error) => {
    exit = error.message
  })
  child.on('exit', (code, signal) => {
    exit = signal ?? `exit code ${code}`
  })
  return {
    pid: child.pid ?? 0,
    get exit() {
      return exit
    },
    lastOutput: () => output.trim().split('\n').slice(-15).join('\n'),
    signal: (name) => child.kill(name),
    ended: once(child, 'exit').then(
      () => {},
      () => {},
    ),
  }
}
