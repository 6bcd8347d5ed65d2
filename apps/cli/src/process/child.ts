/** A child process of the parent: started in a group of its own, so that Ctrl-C reaches the parent alone and nothing of it survives. */
import { type ChildProcess, spawn } from 'node:child_process'
import { identifyProcess, type ProcessIdentity } from './identity.ts'
import { readLines } from './lines.ts'

/** How to start one. */
export interface ChildOptions {
  readonly command: readonly [string, ...string[]]
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** A pipe for messages; else only standard input, which closes when the parent ends. */
  readonly messages: boolean
  readonly onLine: (line: string) => void
  readonly onMessage?: (message: unknown) => void
}

/** A child that was started. */
export interface Child {
  readonly pid: number | undefined
  readonly identity: ProcessIdentity | undefined
  /** How it ended, in words; never rejects. */
  readonly ended: Promise<string>
  send(message: object): void
  /** Asks it by SIGTERM; on Windows, which has none, by closing its standard input. */
  terminate(): void
  /** Ends it and everything it started. */
  kill(): void
  /** After its end: ends what it started and did not end itself. */
  sweep(): void
}

const ownGroup = process.platform !== 'win32'

/** Starts it. A program that cannot be started has `ended` at once. */
export function startChild(options: ChildOptions): Child {
  const [program, ...args] = options.command
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: options.folder,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe', ...(options.messages ? ['ipc' as const] : [])],
    detached: ownGroup,
    windowsHide: true,
  })
  const { pid } = child
  if (child.stdout) readLines(child.stdout, options.onLine)
  if (child.stderr) readLines(child.stderr, options.onLine)
  child.stdin?.on('error', () => undefined)
  if (options.onMessage) child.on('message', options.onMessage)
  return {
    pid,
    identity: pid === undefined ? undefined : identifyProcess(pid),
    ended: new Promise((resolve) => {
      child.once('error', (error) => pid === undefined && resolve(`cannot be started: ${error.message}`))
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    }),
    send: (message) => {
      if (child.connected) child.send(message, () => undefined)
    },
    terminate() {
      if (ownGroup) child.kill('SIGTERM')
      else child.stdin?.destroy()
    },
    kill() {
      if (child.exitCode === null && child.signalCode === null) killGroup(child)
    },
    sweep: () => killGroup(child),
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (ownGroup) process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {
    // There is nobody left in it.
  }
}
