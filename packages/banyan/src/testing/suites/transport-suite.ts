/** What every Transport must do: carry texts and errors unchanged, cancel on both sides, and say what became of a broken call. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cancellation } from '../../core/cancellation.ts'
import { BanyanError } from '../../core/error.ts'
import type { Channel, InboundCall, Listener, Transport, WireCall, WireHandler } from '../../transport/transport.ts'

/** A transport under test. */
export interface OpenedTransport {
  readonly transport: Transport
  readonly host: string
  /** Drives the clock of the environment until the work has settled. */
  run<Result>(work: Promise<Result>): Promise<Result>
}

const metadata = { token: 'secret', timeoutMs: 1_500 }
const toCall = (call: Partial<WireCall> = {}): WireCall => ({ wire: 'orders.v1/place', body: '{}', metadata, ...call })

/** Declares the suite. */
export function transportSuite(name: string, open: () => OpenedTransport): void {
  describe(`transport: ${name}`, () => {
    let opened: OpenedTransport
    let listener: Listener
    let channel: Channel
    let handler: WireHandler
    beforeEach(async () => {
      opened = open()
      handler = async (call) => call.body
      listener = await opened.run(
        opened.transport.listen({ host: opened.host, port: 0, handler: (call) => handler(call) }),
      )
      channel = opened.transport.connect(listener.address)
    })
    afterEach(async () => {
      await channel.close()
      await opened.run(listener.close(100))
    })
    const send = (call?: Partial<WireCall>): Promise<string> => opened.run(channel.call(toCall(call)))
    const refusal = (call?: Partial<WireCall>): Promise<BanyanError> =>
      send(call).then(
        (answer) => expect.unreachable(`answered ${answer}`),
        (error: unknown) => error as BanyanError,
      )

    it('carries the text there and back, whatever characters it has', async () => {
      const body = JSON.stringify({ text: 'häß \u2028 😀 "quoted" \\' })
      expect(await send({ body })).toBe(body)
    })

    it('carries everything that travels beside it', async () => {
      let seen: InboundCall | undefined
      handler = async (call) => {
        seen = call
        return '1'
      }
      const full = {
        token: 'secret',
        timeoutMs: 1_500,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        tracestate: 'a=1',
        baggage: 'user=ada',
        idempotencyKey: 'key mit Zeichen: ✓',
        caller: 'customer 7',
        position: 'orders~AAAA',
      }
      await send({ wire: 'orders.v2/cancel', metadata: full })
      expect(seen?.wire).toBe('orders.v2/cancel')
      expect(seen?.metadata).toMatchObject(full)
    })

    it('tells where the answer was published, before it is there', async () => {
      handler = async (call) => {
        call.published = 'orders~BBBB'
        return '1'
      }
      const order: string[] = []
      await send({ answered: (position) => void order.push(position) }).then((answer) => order.push(answer))
      handler = async () => '2'
      await send({ answered: (position) => void order.push(position) }).then((answer) => order.push(answer))
      expect(order).toEqual(['orders~BBBB', '1', '2'])
    })

    it('carries errors unchanged, and nothing of what is inside', async () => {
      handler = () =>
        Promise.reject(
          new BanyanError('FAILED_PRECONDITION', 'no', {
            reason: 'OUT_OF_STOCK',
            details: { sku: 'a' },
            retryable: true,
            retryAfterMs: 40,
            httpStatus: 418,
            issues: [{ path: '/a', rule: 'type', message: 'm' }],
          }),
        )
      expect(await refusal()).toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: 'no',
        reason: 'OUT_OF_STOCK',
        details: { sku: 'a' },
        retryable: true,
        retryAfterMs: 40,
        httpStatus: 418,
        issues: [{ path: '/a', rule: 'type', message: 'm' }],
      })
      handler = () => Promise.reject(new Error('the password is hunter2'))
      const internal = await refusal()
      expect(internal).toMatchObject({ code: 'INTERNAL', message: 'internal error', outcome: 'unknown' })
      expect(JSON.stringify({ ...internal })).not.toContain('hunter2')
    })

    it('cancels on both sides', async () => {
      const cancellation = new Cancellation()
      const told = Promise.withResolvers<void>()
      handler = (call) => {
        call.follow({ cancel: () => told.resolve() })
        queueMicrotask(() => cancellation.cancel('enough'))
        return new Promise(() => {})
      }
      expect(await refusal({ cancellation })).toMatchObject({ code: 'CANCELLED' })
      await opened.run(told.promise)
    })

    it('sends nothing that was cancelled before', async () => {
      let calls = 0
      handler = async () => String(++calls)
      const cancellation = new Cancellation()
      cancellation.cancel(new BanyanError('CANCELLED', 'before'))
      await expect(send({ cancellation })).rejects.toMatchObject({
        code: 'CANCELLED',
      })
      expect(calls).toBe(0)
    })

    it('says that nothing was done when nobody is there', async () => {
      await opened.run(listener.close(10))
      expect(await refusal()).toMatchObject({ code: 'UNAVAILABLE', retryable: true, outcome: 'none' })
    })

    it('serves many calls at once', async () => {
      handler = async (call) => call.body
      const bodies = Array.from({ length: 200 }, (_, index) => String(index))
      expect(await opened.run(Promise.all(bodies.map((body) => channel.call(toCall({ body })))))).toEqual(bodies)
    })
  })
}
