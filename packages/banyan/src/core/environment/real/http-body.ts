/** Reads a request's body whole, within bounds of size and time. */
import type { IncomingMessage } from 'node:http'
import { BanyanError } from '../../error.ts'
import { wheel } from './wheel.ts'

/** How much of a body that nobody wants is still read and dropped, so that the client gets to see why. */
const drainBytes = 4 * 1024 * 1024
const drainMs = 1_000

const empty = new Uint8Array(0)
const tooLarge = (maxBytes: number): BanyanError =>
  new BanyanError('RESOURCE_EXHAUSTED', `the body is larger than ${maxBytes} bytes`, {
    reason: 'BODY_TOO_LARGE',
    httpStatus: 413,
  })

/** Reads and drops the rest of a body, within bounds; settles when it is over or the bounds are reached. */
export function drain(message: IncomingMessage): Promise<void> {
  if (message.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    let left = drainBytes
    const timer = setTimeout(resolve, drainMs)
    const done = (): void => {
      clearTimeout(timer)
      message.pause()
      resolve()
    }
    message.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) done()
    })
    message.once('end', done)
    message.once('close', done)
    message.resume()
  })
}

/** The whole body; see `HttpRequest.body` for how it can fail. */
export function readBody(message: IncomingMessage, maxBytes: number, timeoutMs?: number): Promise<Uint8Array> {
  const declared = message.headers['content-length']
  if (declared === '0' || (declared === undefined && message.headers['transfer-encoding'] === undefined))
    return Promise.resolve(empty)
  if (declared !== undefined && Number(declared) > maxBytes) return Promise.reject(tooLarge(maxBytes))
  if (message.destroyed) return Promise.reject(gone())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let settled = false
    // On the wheel: a timer of its own would cost as much as all the rest of this.
    const timer = timeoutMs === undefined ? undefined : wheel.after(timeoutMs, () => fail(slow(timeoutMs)))
    const settle = (): void => {
      settled = true
      timer?.cancel()
    }
    const fail = (error: BanyanError): void => {
      settle()
      reject(error)
    }
    // The message lives as long as its exchange, so listeners that have nothing more to do may stay.
    message.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (settled) return
      if (size <= maxBytes) return void chunks.push(chunk)
      message.pause()
      fail(tooLarge(maxBytes))
    })
    message.on('end', () => {
      if (settled) return
      settle()
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size))
    })
    // Also after an error, since the message is destroyed then.
    message.on('close', () => {
      if (!settled) fail(gone())
    })
  })
}

const gone = (): BanyanError => new BanyanError('CANCELLED', 'the client went away')

const slow = (timeoutMs: number): BanyanError =>
  new BanyanError('DEADLINE_EXCEEDED', `the body did not arrive within ${timeoutMs} ms`, {
    reason: 'BODY_TOO_SLOW',
    httpStatus: 408,
  })
