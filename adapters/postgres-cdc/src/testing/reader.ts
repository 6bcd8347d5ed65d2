/** Starts a reader as a process, and ends it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ReaderTask } from './reader-process.ts'

/** A reader that runs by itself. */
export interface Reader {
  readonly pid: number
  /** Resolves with the signal or the code that ended it. */
  readonly ended: Promise<string>
  readonly output: () => string
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
}

const program = fileURLToPath(new URL('./reader-process.ts', import.meta.url))

/** Starts one; it ends with this process at the latest. */
export async function startReader(task: ReaderTask): Promise<Reader> {
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += String(chunk)
    })
  const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code))
  if (child.pid === undefined) throw new Error('the reader did not start')
  return { pid: child.pid, ended, output: () => output, kill: (signal) => void child.kill(signal) }
}
