// Ends the server when this process dies without saying so (kill -9, a crash, process.exit): a tiny shell that waits
// for the end of a pipe only we hold open, then asks the postmaster for a fast shutdown. PostgreSQL itself does not
// notice the death of its parent. Should the guardian be killed too, the next start ends the orphan.
import { spawnProgram } from './run.ts'
import type { ServiceUser } from './service-user.ts'

const SCRIPT = 'read -r line; kill -INT "$1"'

export interface Guardian {
  readonly pid: number | undefined
  /** To be called when the postmaster has ended: its pid may soon be somebody else's. */
  dismiss(): void
}

export function startGuardian(
  postmasterPid: number,
  user: ServiceUser | undefined,
  log: (line: string) => void,
): Guardian {
  if (process.platform === 'win32') return { pid: undefined, dismiss: () => undefined }
  const child = spawnProgram('/bin/sh', ['-c', SCRIPT, 'banyan-guardian', String(postmasterPid)], {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
    ...(user ?? {}),
  })
  child.on('error', (error) =>
    log(`no guardian (${error.message}): after kill -9 PostgreSQL runs on until the next start`),
  )
  child.stdin?.on('error', () => undefined)
  child.unref()
  return { pid: child.pid, dismiss: () => void child.kill('SIGKILL') }
}
