/** Webhooks in front of a whole system: each event is taken in once, whoever is away, however often and in whatever order it comes. */
import { afterEach, describe, expect, it } from 'vitest'
import { command, defineContract, event, t } from '../../contract/index.ts'
import { defineService, defineSystem } from '../../runtime/index.ts'
import { defineSaga, type Saga } from '../../saga/index.ts'
import { defineDatabase } from '../../store/define-database.ts'
import { startTestSystem, type TestSystem } from '../../testing/index.ts'
import { createGateway } from '../gateway.ts'
import { defineWebhook } from './define-webhook.ts'
import { standardWebhooks } from './signatures.ts'
import { signStandard } from './signing.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const Order = t.Object({ orderId: t.String() })
const Happened = t.Object({ orderId: t.String(), what: t.String() })
const Payments = defineContract('payments', {
  version: '1.0.0',
  owner: 'tests',
  operations: {
    pay: command({ input: Order, output: t.Object({}) }),
    note: command({ input: Happened, output: t.Object({}) }),
  },
  events: { happened: event({ key: 'orderId', data: Happened }) },
})

function createWorld() {
  const committed: string[] = []
  const payment = defineSaga('payment', {
    version: 1,
    input: Order,
    key: ({ orderId }) => orderId,
    waits: [Payments.events.happened],
    async run(saga: Saga) {
      await saga.step('slow', () => undefined)
      await saga.sleep(60_000)
      const where = (what: string) => ({ where: (one: { data: { what: string } }) => one.data.what === what })
      const authorized = await saga.waitFor(Payments.events.happened, where('authorized'))
      const captured = await saga.waitFor(Payments.events.happened, where('captured'))
      return [authorized.data.what, captured.data.what]
    },
  })
  const payments = defineService(Payments, {
    database: defineDatabase({ migrations: new URL('file:///none/') }),
    sagas: [payment],
    on: (on) => [on(Payments.events.happened, ({ data }) => void committed.push(data.what))],
    operations: {
      async pay(order, ctx) {
        await ctx.sagas.start(payment, order)
        return {}
      },
      note: (given, ctx) =>
        ctx.transact(async (tx) => {
          await ctx.sleep(50)
          tx.publish(Payments.events.happened, given)
          return {}
        }),
    },
  })
  const webhook = defineWebhook('provider', {
    path: '/hooks',
    verify: standardWebhooks({ secret }),
    schema: Happened,
    to: Payments.note,
  })
  return { committed, payment, system: defineSystem({ name: 'test', services: [payments], webhooks: [webhook] }) }
}

describe.each(['one', 'split'] as const)('webhooks of a system (%s)', (shape) => {
  let test: TestSystem | undefined
  afterEach(() => test?.stop())

  async function start() {
    const world = createWorld()
    const running = await startTestSystem(world.system, { shape })
    test = running
    const { environment, hosts } = running
    const edge = hosts.at(-1) as (typeof hosts)[number]
    const gateway = createGateway({
      environment,
      contracts: edge.contracts,
      webhooks: world.system.webhooks,
      invoke: (operation, input, options) => edge.invoke(operation, input, options),
      info: { name: 'test' },
    })
    const { port } = await gateway.listen({ host: '127.0.0.1', port: 0 })
    const client = environment.network.connect(`http://127.0.0.1:${port}`)
    const send = (id: string, what: string) => {
      const body = JSON.stringify({ orderId: 'o-1', what })
      const headers = signStandard({ secret, body, id, nowMs: environment.clock.now() })
      return client.send({
        method: 'POST',
        path: '/hooks',
        body,
        headers: { ...headers, 'content-type': 'application/json' },
      })
    }
    const deliver = async (id: string, what: string) => (await environment.run(send(id, what))).status
    return { ...world, running, environment, send, deliver }
  }

  it('takes an event in once: again at once, at the same time, with other content, and weeks later', async () => {
    const { environment, send, deliver, committed, running } = await start()
    const both = await environment.run(Promise.all([send('evt_1', 'captured'), send('evt_1', 'captured')]))
    // Whoever comes second while the first is under way is asked to come again.
    for (const { status } of both) expect([204, 503]).toContain(status)
    expect(both.some(({ status }) => status === 204)).toBe(true)
    expect(await deliver('evt_1', 'captured')).toBe(204)
    expect(await deliver('evt_1', 'something else')).toBe(204)
    environment.skewClock(20 * 86_400_000)
    expect(await deliver('evt_1', 'captured')).toBe(204)
    expect(await deliver('evt_2', 'refunded')).toBe(204)
    await running.advance(5_000)
    expect(committed).toEqual(['captured', 'refunded'])
  })

  it('feeds a saga that waits, also when events come early and in the wrong order', async () => {
    const { running, payment, deliver } = await start()
    await running.call(Payments.pay, { orderId: 'o-1' })
    expect(await deliver('evt_2', 'captured')).toBe(204)
    expect(await deliver('evt_1', 'authorized')).toBe(204)
    expect(await deliver('evt_2', 'captured')).toBe(204)
    await running.advance(120_000)
    const found = await running.stores.get('payments')?.sagas.findByKey(payment.name, 'o-1')
    expect(JSON.parse(found?.outcome ?? '{}')).toEqual({ ok: ['authorized', 'captured'] })
  })

  it('asks to come again when the service is away', async () => {
    const { environment, send, running, committed } = await start()
    await environment.run(running.hosts[0]?.stop() as Promise<unknown>)
    const { status, headers } = await environment.run(send('evt_1', 'captured'))
    expect([status, Number(headers['retry-after']) > 0]).toEqual([503, true])
    expect(committed).toEqual([])
  })
})
