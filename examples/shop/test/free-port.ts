// A port for a process that is about to start. Below the range from which systems give ports to outgoing connections, so
// that none of these takes it in between; at random, so that two tests do not.
import { once } from 'node:events'
import { createServer } from 'node:net'

const [lowest, highest] = [20_000, 32_000]

export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    const probe = createServer()
    const isFree = new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!(await isFree)) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}
