/** A TCP proxy before Postgres that cuts a connection around COMMIT, once per arming: what a failing network does. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * Where it cuts: before the server gets COMMIT; after the server has answered it, with (`answer`) or without (`all`) the
 * answers before COMMIT's own having reached the client.
 */
export type Cut = 'before' | 'answer' | 'all'

/** The proxy. */
export interface CuttingProxy {
  /** The connection string through the proxy. */
  readonly url: string
  /** Cuts at the next COMMIT, or at the next statement that contains a text (then there is only `before` and `all`). */
  arm(cut: Cut, text?: string): void
  /** Holds everything back from now on, in both directions, as a network does that swallows packets. */
  swallow(on: boolean): void
  close(): Promise<void>
}

/** Starts a proxy before the server of a connection string. */
export async function startCuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url)
  const host = decodeURIComponent(target.hostname)
  const port = Number(target.port)
  const sockets = new Set<Socket>()
  let armed: Cut | undefined
  let mark = ''
  let swallowing = false

  const server = createServer((client) => {
    const upstream = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    let cut: Cut | undefined
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', end)
    }
    client.on('data', (chunk) => {
      if (swallowing) return
      if (armed !== undefined && chunk.includes(mark)) {
        cut = armed
        armed = undefined
        if (cut === 'before') return end()
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (swallowing) return
      if (cut === undefined) return void client.write(chunk)
      // CommandComplete: 'C', four bytes of length, the tag.
      const tag = chunk.indexOf('COMMIT\0')
      const pass = cut === 'answer' ? chunk.subarray(0, tag < 0 ? undefined : tag - 5) : chunk.subarray(0, 0)
      if (tag < 0 && mark === 'COMMIT\0') client.write(pass)
      else client.end(pass, end)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const through = `postgresql://${target.username}:${target.password}@127.0.0.1:${address.port}${target.pathname}`
  return {
    url: through,
    arm: (at, text = 'COMMIT\0') => {
      armed = at
      mark = text
    },
    swallow: (on) => {
      swallowing = on
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
