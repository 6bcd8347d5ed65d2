/** Somebody else's system: authorizes, captures and voids over HTTP, and keeps keys. It lives beside the rig and never fails. */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The variable that tells the processes where it is. */
export const providerVariable = 'CHAOS_PROVIDER'

/** What one key of the rig has left in its books. */
export interface Charges {
  authorized: number
  captured: number
  voided: number
}

export interface Provider {
  readonly origin: string
  chargesOf(key: string): Charges
  stop(): Promise<void>
}

interface Given {
  readonly key: string
  readonly id?: string
}

async function readJson(request: IncomingMessage): Promise<Given> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString()) as Given
}

export async function startProvider(): Promise<Provider> {
  const charges = new Map<string, Charges>()
  const answers = new Map<string, object>()
  const chargesOf = (key: string): Charges => {
    const known = charges.get(key) ?? { authorized: 0, captured: 0, voided: 0 }
    charges.set(key, known)
    return known
  }
  function act(path: string | undefined, { key }: Given): object {
    const mine = chargesOf(key)
    if (path === '/authorizations') mine.authorized += 1
    if (path === '/captures') mine.captured += 1
    // What it does not know, or has voided before, is voided by doing nothing.
    if (path === '/voids' && mine.authorized > mine.voided) mine.voided += 1
    return { id: randomUUID() }
  }
  const server = createServer(async (request, response) => {
    const given = await readJson(request).catch(() => undefined)
    const { 'idempotency-key': idempotencyKey } = request.headers
    if (given === undefined || typeof idempotencyKey !== 'string') return void response.writeHead(400).end()
    const place = `${request.url} ${idempotencyKey}`
    const answer = answers.get(place) ?? act(request.url, given)
    answers.set(place, answer)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    chargesOf,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
