// The payment provider of the shop: a program of its own that stands for an external company. It shares no code with
// the shop and knows nothing of how the shop is built; all they have in common is HTTP.
//
//   SHOP_PROVIDER_PORT   port on 127.0.0.1 (8070; 0 takes a free one and prints it)
//   SHOP_PROVIDER_DATA   directory of the ledger ($BANYAN_DATA_DIR/payment-provider, else .banyan/payment-provider)
//   SHOP_PROVIDER_SLOW_MS      how long tok_slow takes (5000)
//   SHOP_PROVIDER_STDIN_LIFELINE=1   end when standard input ends, for a parent that may be killed
//
// Tokens: tok_ok authorizes; tok_declined answers 402 card_declined; tok_slow authorizes after 5 s, whether or not the
// client still waits; tok_unknown authorizes and then drops the connection, again at each repeat, so that a client has
// to look with GET /charges?orderId=; anything else answers 402 invalid_token. Real providers differ in what a repeat
// after a lost answer gets, so a client should be able to live with both an answer and another silence.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Charges, createCharges, defaultSlowMs } from './charges.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { createProviderServer } from './server.ts'

const host = '127.0.0.1'
const drainMs = 2_000

async function main(): Promise<void> {
  const port = toInteger('SHOP_PROVIDER_PORT', 8070, 65_535)
  const slowMs = toInteger('SHOP_PROVIDER_SLOW_MS', defaultSlowMs, 600_000)
  const directory =
    process.env['SHOP_PROVIDER_DATA'] || join(process.env['BANYAN_DATA_DIR'] || '.banyan', 'payment-provider')

  // The port is taken before the ledger is touched: it is what keeps a second copy from cutting the first one's file.
  const charges = Promise.withResolvers<Charges>()
  const server = createProviderServer(charges.promise)
  await listen(server, port)
  const { ledger, entries, tornBytes } = await openLedger({ directory, onFailure: (error) => die(error.message) })
  if (tornBytes > 0) say(`cut ${tornBytes} bytes of an unfinished write from the ledger; nobody was told of it`)
  const newId = (prefix: string): string => `${prefix}_${randomUUID()}`
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  charges.resolve(createCharges({ ledger, entries, newId, now: () => new Date(), sleep, slowMs }))
  stopOnSignal(server, ledger)
  const { port: taken } = server.address() as AddressInfo
  say(`listening on http://${host}:${taken}, ledger in ${directory} (${entries.length} entries)`)
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new Error(`port ${port} of ${host} is in use: set SHOP_PROVIDER_PORT to a free one`)
  }
}

/** Requests under way are answered, for at most `drainMs`; a second signal ends it at once. */
function stopOnSignal(server: Server, ledger: Ledger): void {
  let stopping = false
  const stop = async (): Promise<void> => {
    if (stopping) process.exit(1)
    stopping = true
    const drained = once(server, 'close')
    server.close()
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), drainMs).unref()
    await drained
    await ledger.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  if (process.env['SHOP_PROVIDER_STDIN_LIFELINE'] === '1') process.stdin.on('close', stop).resume()
}

function toInteger(name: string, fallback: number, max: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) throw new Error(`${name} must be an integer from 0 to ${max}, is ${JSON.stringify(text)}`)
  return value
}

function say(message: string): void {
  process.stdout.write(`payment-provider: ${message}\n`)
}

function die(message: string): never {
  process.stderr.write(`payment-provider: ${message}\n`)
  process.exit(1)
}

try {
  await main()
} catch (error) {
  die(error instanceof Error ? error.message : String(error))
}
