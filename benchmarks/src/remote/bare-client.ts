/**
 * What one writes against it: undici's pool with as many connections as ours (64) and no pipelining. The second argument
 * says by which of its interfaces: 'request', which is the usual one, or 'dispatch', the barest it has.
 */
import { type Dispatcher, Pool } from 'undici'
import { inputs } from '../in-process/payloads.ts'
import { closedLoop } from '../measure/closed-loop.ts'
import { answerParent } from '../measure/peer.ts'

const [address = '', by = 'request'] = process.argv.slice(2)
const pool = new Pool(address, { connections: 64, pipelining: 1 })
const headers = { 'content-type': 'application/json' }

async function request(body: string): Promise<string> {
  const answer = await pool.request({ method: 'POST', path: '/bench.v1/place', headers, body })
  return answer.body.text()
}

class Collect implements Dispatcher.DispatchHandler {
  readonly #chunks: Buffer[] = []
  readonly #resolve: (text: string) => void
  readonly #reject: (error: Error) => void
  constructor(resolve: (text: string) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }
  onRequestStart(): void {}
  onResponseStart(): void {}
  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }
  onResponseEnd(): void {
    this.#resolve(Buffer.concat(this.#chunks).toString())
  }
  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error)
  }
}

const dispatch = (body: string): Promise<string> =>
  new Promise((resolve, reject) => {
    pool.dispatch({ method: 'POST', path: '/bench.v1/place', headers, body }, new Collect(resolve, reject))
  })

const send = by === 'dispatch' ? dispatch : request

answerParent({
  load: ({ workers, ms }: { workers: number; ms: number }) =>
    closedLoop(workers, ms, async (index) => {
      const text = await send(JSON.stringify(inputs[index & 63]))
      const { id } = JSON.parse(text) as { id: string }
      if (!id.endsWith(String(10_000 + (index & 63)))) throw new Error('a wrong answer')
    }),
})
