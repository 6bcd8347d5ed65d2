/** Ports: free ones, and a clear word when one is taken. Looked at before anything is started, so that nothing has to be undone. */
import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { CommandError } from '../failure.ts'

const host = '127.0.0.1'

/** A port and how a person chooses another. */
export interface WantedPort {
  /** 0: any. */
  readonly port: number
  /** 'the gateway' */
  readonly owner: string
  /** '--gateway-port or BANYAN_GATEWAY_PORT' */
  readonly setting: string
}

/** Listens for a moment: the port, or undefined when it is taken. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(new CommandError(`cannot listen on port ${port} of ${host}: ${error.message}`))
    })
    server.listen(port, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

/** Tries among so many; then the system's own choice is as good. */
const guesses = 20
const [lowest, highest] = [20_000, 32_000]

/** Below the range from which systems give ports to outgoing connections, none of which can take it before it is listened on. */
async function findPort(): Promise<number | undefined> {
  for (let guess = 0; guess < guesses; guess += 1) {
    const found = await tryPort(randomInt(lowest, highest))
    if (found !== undefined) return found
  }
  return tryPort(0)
}

/** The port itself, or a free one for 0. `patienceMs`: how long it may still be somebody's who is about to end. */
export async function reservePort({ port, owner, setting }: WantedPort, patienceMs = 0): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += 50) {
    const found = port === 0 ? await findPort() : await tryPort(port)
    if (found !== undefined) return found
    if (waitedMs >= patienceMs) throw portInUse({ port, owner, setting })
    await pause(50)
  }
}

/** One line that names the port and the way out. */
export function portInUse({ port, owner, setting }: WantedPort): CommandError {
  return new CommandError(
    `port ${port} for ${owner} is in use by another program`,
    `Stop it, or choose another port with ${setting}.`,
  )
}

/** Whether somebody answers at the port. */
export function isAnswering(port: number, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: withinMs })
    const end = (answer: boolean) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false))
  })
}
