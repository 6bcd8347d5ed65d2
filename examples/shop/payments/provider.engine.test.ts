// What payments makes of everything the provider may answer, late or not at all. The other side is a plain HTTP server that
// says what the case wants it to say; what the real provider says is tried in test/races.engine.test.ts.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type * as Provider from './provider.ts'

type Say = (response: ServerResponse) => void

const charge = { chargeId: 'ch_1', orderId: 'o1', authorized: 500, captured: 0, refunded: 0, voided: false }
const captured = { ...charge, captured: 500 }
const request = { orderId: 'o1', amount: 500, currency: 'EUR', token: 'tok_secret' }
const open = new AbortController().signal

const json =
  (status: number, body: unknown): Say =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const html: Say = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>busy</h1>')
const drop: Say = (response) => response.socket?.destroy()
const never: Say = () => undefined

describe('the payment provider, as payments hears it', () => {
  let provider: typeof Provider
  let answers: Record<string, Say> = {}
  let heard: string[] = []
  const server = createServer((incoming: IncomingMessage, response) => {
    const route = `${incoming.method} ${incoming.url?.split('?')[0]}`
    const key = incoming.headers['idempotency-key']
    heard.push(key === undefined ? route : `${route} ${key}`)
    incoming.resume().on('end', () => (answers[route] ?? json(404, {}))(response))
  })
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    process.env['SHOP_PROVIDER_PORT'] = String((server.address() as AddressInfo).port)
    provider = await import('./provider.ts')
  })
  afterAll(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  beforeEach(() => {
    answers = {}
    heard = []
  })

  const authorized = { type: 'authorized', chargeId: 'ch_1', amount: 500 }

  describe('asked to authorize', () => {
    const asked = 'POST /charges authorize-o1'
    const looked = 'GET /charges'

    it.each<[string, Say, readonly unknown[], unknown, readonly string[]]>([
      ['says yes', json(201, charge), [], authorized, [asked]],
      ['says yes again', json(200, charge), [], authorized, [asked]],
      ['declines', json(402, { code: 'card_declined' }), [], { type: 'declined' }, [asked]],
      ['cannot read the request', json(400, {}), [], { type: 'declined' }, [asked, looked]],
      ['has seen the key with another body', json(422, {}), [charge], authorized, [asked, looked]],
      ['fails after it has done it', json(500, {}), [charge], authorized, [asked, looked]],
      ['drops the connection after it has done it', drop, [charge], authorized, [asked, looked]],
      ['answers with a web page after it has done it', html, [charge], authorized, [asked, looked]],
      ['does not answer in time', never, [], { type: 'timed-out' }, [asked]],
    ])('it %s', async (_, say, charges, expected, routes) => {
      answers = { 'POST /charges': say, 'GET /charges': json(200, charges) }
      expect(await provider.authorize(open, request)).toEqual(expected)
      expect(heard).toEqual(routes)
    })

    it.each<[string, Say, Say]>([
      ['fails and has no charge', json(500, {}), json(200, [])],
      ['is overloaded', json(503, {}), json(200, [])],
      ['drops everything', drop, drop],
      ['lets nobody in', json(401, {}), json(401, {})],
      ['has a conflict', json(409, {}), json(200, [])],
    ])('it %s, and will be asked again', async (_, say, look) => {
      answers = { 'POST /charges': say, 'GET /charges': look }
      const error = await provider.authorize(open, request).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE', retryable: true })
      expect(JSON.stringify(error) + String(error)).not.toContain('tok_secret')
    })

    it('is not taken for slow when it is us who give up', async () => {
      answers = { 'POST /charges': never, 'GET /charges': never }
      const controller = new AbortController()
      const asking = provider.authorize(controller.signal, request)
      await expect.poll(() => heard).toEqual([asked])
      controller.abort()
      await expect(asking).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    })
  })

  it.each([404, 409, 500])('a capture answered %i is tried again', async (status) => {
    answers = { 'POST /charges/ch_1/capture': json(status, {}) }
    await expect(provider.capture(open, 'ch_1')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })

  it('what was not captured is voided, what was captured is refunded, and each once', async () => {
    answers = { 'POST /charges/ch_1/void': json(200, {}), 'POST /refunds': json(201, {}) }
    expect(await provider.release(open, charge)).toEqual({ ...charge, voided: true })
    expect(await provider.release(open, captured)).toEqual({ ...captured, refunded: 500 })
    expect(heard).toEqual(['POST /charges/ch_1/void', 'POST /refunds refund-ch_1'])
    await provider.release(open, { ...charge, voided: true })
    await provider.release(open, { ...captured, refunded: 500 })
    expect(heard).toHaveLength(2)
  })

  it('a charge that was captured while it was being voided is looked at again', async () => {
    answers = { 'POST /charges/ch_1/void': json(409, { code: 'charge_captured' }) }
    await expect(provider.release(open, charge)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })

  it('something other than a list of charges is no list', async () => {
    answers = { 'GET /charges': json(200, { items: [] }) }
    await expect(provider.findCharges(open, 'o1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
