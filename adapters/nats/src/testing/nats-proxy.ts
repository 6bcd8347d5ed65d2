/** A TCP proxy before a NATS server that stops or cuts a connection in the middle of a batch of publishes. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** The proxy. */
export interface NatsProxy {
  /** The connection string through the proxy. */
  readonly url: string
  /** Passes so many publishes on `subject` (its beginning), then holds everything the client sends: a process that is paused. */
  holdAfter(count: number, subject: string): void
  /** Resolves when something is held. */
  held(): Promise<void>
  /** Sends what is held and goes on. */
  letGo(): void
  /** Passes so many publishes, then cuts the connection: a host that dies. */
  cutAfter(count: number, subject: string): void
  /** Lets the server's answers disappear from now on; what the client sends still arrives. */
  swallowAnswers(on: boolean): void
  /** Cuts all connections; with `refuse`, new ones too until it is called again. */
  cut(refuse?: boolean): void
  close(): Promise<void>
}

interface Armed {
  readonly what: 'hold' | 'cut'
  readonly text: string
  left: number
}

/** What all connections through a proxy share. */
interface ProxyState {
  readonly sockets: Set<Socket>
  armed: Armed | undefined
  holding: { readonly chunks: Buffer[]; readonly upstream: Socket } | undefined
  swallowing: boolean
  refusing: boolean
  noteHeld: () => void
}

/** Starts a proxy before `host:port`. */
export async function startNatsProxy(port: number): Promise<NatsProxy> {
  const state: ProxyState = {
    sockets: new Set(),
    armed: undefined,
    holding: undefined,
    swallowing: false,
    refusing: false,
    noteHeld: () => undefined,
  }
  const server = createServer((client) => {
    if (state.refusing) client.destroy()
    else join(state, client, connect(port, '127.0.0.1'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const cut = (refuse = false): void => {
    state.refusing = refuse
    for (const socket of state.sockets) socket.destroy()
    state.sockets.clear()
  }
  const arm = (what: Armed['what'], left: number, subject: string): void => {
    state.armed = { what, text: `HPUB ${subject}`, left }
  }
  return {
    url: `nats://127.0.0.1:${address.port}`,
    holdAfter: (count, subject) => arm('hold', count, subject),
    cutAfter: (count, subject) => arm('cut', count, subject),
    held: () =>
      new Promise((resolve) => {
        state.noteHeld = resolve
      }),
    letGo: () => {
      const was = state.holding
      state.holding = undefined
      for (const chunk of was?.chunks ?? []) was?.upstream.write(chunk)
    },
    swallowAnswers: (on) => {
      state.swallowing = on
    },
    cut,
    close: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Passes what two sockets say to each other, as far as the proxy lets it. */
function join(state: ProxyState, client: Socket, upstream: Socket): void {
  const end = (): void => {
    client.destroy()
    upstream.destroy()
  }
  for (const socket of [client, upstream]) {
    state.sockets.add(socket)
    socket.on('error', end)
    socket.on('close', end)
  }
  client.on('data', (chunk) => {
    const { armed, holding } = state
    if (holding?.upstream === upstream) return void holding.chunks.push(chunk)
    const at = armed === undefined ? -1 : nth(chunk, armed)
    if (armed === undefined || at < 0) return void upstream.write(chunk)
    state.armed = undefined
    if (at > 0) upstream.write(chunk.subarray(0, at))
    if (armed.what === 'cut') {
      upstream.end()
      return void client.destroy()
    }
    state.holding = { chunks: [chunk.subarray(at)], upstream }
    state.noteHeld()
  })
  upstream.on('data', (chunk) => {
    if (!state.swallowing) client.write(chunk)
  })
}

/** Where in the chunk the first publish begins that is too many; -1 when none is. */
function nth(chunk: Buffer, armed: { readonly text: string; left: number }): number {
  for (let at = chunk.indexOf(armed.text); at >= 0; at = chunk.indexOf(armed.text, at + 1)) {
    if (armed.left === 0) return at
    armed.left -= 1
  }
  return -1
}
