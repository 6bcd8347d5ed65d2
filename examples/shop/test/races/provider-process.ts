// The real payment provider as a process of this test: started on a given port, killed, paused, started again.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../payment-provider/main.ts', import.meta.url))

export interface ProviderProcess {
  readonly url: string
  start(): Promise<void>
  /** SIGKILL, as a crash would end it. */
  kill(): Promise<void>
  /** It keeps its connections and answers nothing, until it is resumed. */
  pause(): void
  resume(): void
}

export function createProviderProcess(port: number, dataDir: string): ProviderProcess {
  let child: ChildProcess | undefined
  const env = {
    ...process.env,
    SHOP_PROVIDER_PORT: String(port),
    SHOP_PROVIDER_DATA: dataDir,
    SHOP_PROVIDER_STDIN_LIFELINE: '1',
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async start() {
      // Its standard input is a pipe of ours: it ends with this process, however that ends.
      const started = spawn(process.execPath, [program], { env, stdio: ['pipe', 'pipe', 'inherit'] })
      child = started
      const exited = once(started, 'exit').then(() => {
        throw new Error('the payment provider did not start')
      })
      await Promise.race([listening(started), exited])
      exited.catch(() => {})
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  }
}

async function listening(child: ChildProcess): Promise<void> {
  let output = ''
  for (;;) {
    const [text] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer]
    output += text.toString()
    if (output.includes('listening on')) return
  }
}
