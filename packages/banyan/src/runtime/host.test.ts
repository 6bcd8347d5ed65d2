import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryBus } from '../bus/index.ts'
import { command, defineContract, error, event, query, t } from '../contract/index.ts'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineDatabase } from '../store/define-database.ts'
import { createMemoryStore } from '../store/index.ts'
import { silentLog } from '../telemetry/index.ts'
import { startTestSystem, type TestSystem } from '../testing/index.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'
import { answerHealth } from './health.ts'
import { createHost } from './host.ts'

const Line = t.Object({ sku: t.String(), quantity: t.Integer({ minimum: 1 }) })
const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })

const Stock = defineContract('stock', {
  version: '1.2.0',
  owner: 'warehouse',
  operations: {
    reserve: command({
      input: t.Object({ orderId: t.String(), lines: t.Array(Line, { minItems: 1 }) }),
      output: t.Object({ reservationId: t.String() }),
      errors: { OUT_OF_STOCK: t.Object({ sku: t.String() }), GONE: error({ code: 'NOT_FOUND', http: 404 }) },
    }),
    echo: query({ input: t.Object({ lines: t.Array(Line) }), output: t.Object({ lines: t.Array(Line) }) }),
    slow: query({ input: t.Object({ ms: t.Integer() }), output: t.Object({ ms: t.Integer() }), timeoutMs: 1_000 }),
    broken: query({ input: t.Object({}), output: t.Object({ n: t.Integer() }) }),
    crash: command({ input: t.Object({}), output: t.Object({}) }),
    whoami: query({ input: t.Object({}), output: t.Object({ caller: t.String(), traceId: t.String() }) }),
  },
  events: { reserved: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }) },
})

const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'orders',
  operations: {
    place: command({ input: t.Object({ sku: t.String() }), output: t.Object({ state: t.String() }), timeoutMs: 3_000 }),
    relay: query({ input: t.Object({ ms: t.Integer() }), output: t.Object({ ms: t.Integer() }), timeoutMs: 500 }),
    undeclared: query({ input: t.Object({}), output: t.Object({}) }),
    refusals: command({
      input: t.Object({ of: t.String() }),
      output: t.Object({ reason: t.String(), says: t.String() }),
    }),
    nested: command({ input: t.Object({}), output: t.Object({}) }),
    who: query({ input: t.Object({}), output: t.Object({ caller: t.String(), traceId: t.String() }) }),
    mutate: query({ input: t.Object({}), output: t.Object({ before: t.Integer(), after: t.Integer() }) }),
    seen: query({ input: t.Object({}), output: t.Object({ orders: t.Array(t.String()) }) }),
    count: command({ input: t.Object({ by: t.Integer() }), output: t.Object({ runs: t.Integer() }) }),
    bad: query({ input: t.Object({}), output: t.Object({}) }),
    leak: command({ input: t.Object({}), output: t.Object({}) }),
  },
})

let seen: string[] = []
let aborted = 0
let runs = 0

const stock = defineService(Stock, {
  database,
  operations: {
    reserve: (input, ctx) => {
      if (input.lines.some(({ sku }) => sku === 'none')) throw ctx.fail('OUT_OF_STOCK', { sku: 'none' })
      if (input.lines.some(({ sku }) => sku === 'gone')) throw ctx.fail('GONE')
      return ctx.transact(async (tx) => {
        tx.publish(Stock.events.reserved, { orderId: input.orderId })
        return { reservationId: `r-${input.orderId}` }
      })
    },
    echo: (input) => {
      for (const line of input.lines) line.quantity += 1
      return { lines: input.lines }
    },
    slow: async ({ ms }, ctx) => {
      ctx.signal.addEventListener('abort', () => {
        aborted++
      })
      await ctx.sleep(ms)
      return { ms }
    },
    broken: () => ({ n: 'text' as unknown as number }),
    crash: () => {
      throw new Error('the password is hunter2')
    },
    whoami: (_, ctx) => ({ caller: ctx.caller, traceId: ctx.trace.traceId }),
  },
})

const orders = defineService(Orders, {
  calls: [Stock.reserve, Stock.echo, Stock.slow, Stock.whoami, Stock.broken],
  database,
  operations: {
    place: async ({ sku }, ctx) => {
      const reserved = await ctx.attempt(Stock.reserve, { orderId: 'o-1', lines: [{ sku, quantity: 1 }] })
      if (reserved.ok) return { state: reserved.value.reservationId }
      return {
        state: `${reserved.error.reason} ${reserved.error.code} ${JSON.stringify(reserved.error.details ?? null)}`,
      }
    },
    relay: ({ ms }, ctx) => ctx.call(Stock.slow, { ms }),
    undeclared: async (_, ctx) => {
      await ctx.call(Stock.crash as never, {} as never)
      return {}
    },
    refusals: async ({ of }, ctx) => {
      const work: Record<string, () => Promise<unknown>> = {
        undeclared: () => ctx.call(Stock.crash as never, {} as never),
        nonsense: () => ctx.call({ wire: 7 } as never, {} as never),
        input: () => ctx.call(Stock.echo, { lines: [{ sku: 7, quantity: 0 }] } as never),
        call: () => ctx.transact(() => ctx.call(Stock.echo, { lines: [] })),
        second: () => ctx.transact(async () => {}).then(() => ctx.transact(async () => {})),
        event: () => ctx.transact(async (tx) => tx.publish(Stock.events.reserved as never, { orderId: 'o' } as never)),
        beside: () => Promise.all([ctx.transact(async () => {}), ctx.call(Stock.echo, { lines: [] })]),
      }
      const error = await work[of]?.().then(
        () => undefined,
        (thrown: BanyanError) => thrown,
      )
      return { reason: error?.reason ?? 'none', says: `${error?.message} ${error?.hint}` }
    },
    nested: async (_, ctx) => {
      await ctx.transact(() => ctx.call(Stock.echo, { lines: [] }))
      return {}
    },
    who: (_, ctx) => ctx.call(Stock.whoami, {}),
    mutate: async (_, ctx) => {
      const lines = [{ sku: 'a', quantity: 1 }]
      const answer = await ctx.call(Stock.echo, { lines })
      return { before: lines[0]?.quantity ?? 0, after: answer.lines[0]?.quantity ?? 0 }
    },
    seen: () => ({ orders: seen }),
    count: ({ by }, ctx) =>
      ctx.transact(async () => {
        runs += by
        return { runs }
      }),
    bad: async (_, ctx) => {
      await ctx.call(Stock.echo, { lines: [{ sku: 7, quantity: 0 }] } as never)
      return {}
    },
    leak: async (_, ctx) => {
      await ctx.call(Stock.reserve, { orderId: 'o', lines: [{ sku: 'none', quantity: 1 }] })
      return {}
    },
  },
  on: (on) => [
    on(Stock.events.reserved, (reserved, ctx) =>
      ctx.transact(async () => {
        seen.push(reserved.data.orderId)
      }),
    ),
  ],
})

const system = defineSystem({
  name: 'test',
  services: [service(Stock, async () => ({ stock })), service(Orders, async () => ({ orders }))],
})

const refusal = async (work: Promise<unknown>): Promise<BanyanError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(BanyanError)
  return error as BanyanError
}

describe.each(['one', 'split'] as const)('a system in shape %s', (shape) => {
  let test: TestSystem
  beforeEach(async () => {
    seen = []
    aborted = 0
    runs = 0
    test = await startTestSystem(system, { shape })
    return () => test.stop()
  })

  it('calls another service and gets its answer', async () => {
    expect(await test.call(Orders.place, { sku: 'a' })).toEqual({ state: 'r-o-1' })
  })

  it('keeps typed errors typed, with code and details', async () => {
    expect(await test.call(Orders.place, { sku: 'none' })).toEqual({
      state: 'OUT_OF_STOCK FAILED_PRECONDITION {"sku":"none"}',
    })
    expect(await test.call(Orders.place, { sku: 'gone' })).toEqual({ state: 'GONE NOT_FOUND null' })
  })

  it('never lets one side see what the other side changes', async () => {
    expect(await test.call(Orders.mutate, {})).toEqual({ before: 1, after: 2 })
  })

  it('refuses an input that does not fit and names path, rule and finding', async () => {
    const error = await refusal(test.call(Stock.reserve, { orderId: 'o', lines: [{ sku: 'a', quantity: 0 }] }))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_INPUT' })
    expect(error.issues?.[0]).toMatchObject({ path: '/lines/0/quantity', rule: 'minimum' })
  })

  it.each([
    [
      'undeclared',
      'UNDECLARED_CALL',
      "'orders' calls 'stock.crash' but does not declare it Add the contract of 'stock'",
    ],
    ['nonsense', 'UNKNOWN_OPERATION', 'Call an operation of a contract'],
    ['input', 'INVALID_INPUT', '/lines/0/sku must be a string'],
    ['call', 'CALL_IN_TRANSACTION', 'Call before or after ctx.transact'],
    ['second', 'SECOND_TRANSACTION', 'What belongs together commits together'],
    ['event', 'FOREIGN_EVENT', "Only 'stock' may publish it"],
    ['beside', 'none', ''],
  ])('refuses %s, and tells the one who wrote it what to do', async (of, reason, says) => {
    const answer = await test.call(Orders.refusals, { of })
    expect(answer.reason).toBe(reason)
    expect(answer.says).toContain(says)
  })

  it('tells nobody else of such defects', async () => {
    for (const defect of [test.call(Orders.undeclared, {}), test.call(Orders.nested, {}), test.call(Orders.bad, {})])
      expect(await refusal(defect)).toMatchObject({
        code: 'INTERNAL',
        message: 'internal error',
        reason: undefined,
        issues: undefined,
      })
  })

  it('refuses an unknown operation', async () => {
    const unknown = { ...Stock.echo, wire: 'stock.v1/nothing', name: 'nothing' }
    expect(await refusal(test.call(unknown as never, { lines: [] } as never))).toMatchObject({
      code: 'UNIMPLEMENTED',
      reason: 'UNKNOWN_OPERATION',
    })
  })

  it('ends a call at its deadline and tells the work below to stop', async () => {
    const startMs = test.environment.clock.monotonic()
    const error = await refusal(test.call(Orders.relay, { ms: 60_000 }))
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    expect(test.environment.clock.monotonic() - startMs).toBeLessThan(600)
    await test.advance(50)
    expect(aborted).toBe(1)
  })

  it('passes cancellation down', async () => {
    const controller = new AbortController()
    test.environment.timers.after(100, () => controller.abort())
    await refusal(test.call(Orders.relay, { ms: 400 }, { signal: controller.signal })).catch(() => {})
    await test.advance(50)
    expect(aborted).toBe(1)
  })

  it('says nothing of what went wrong inside', async () => {
    const crash = await refusal(test.call(Stock.crash, {}))
    expect(crash).toMatchObject({ code: 'INTERNAL', message: 'internal error', outcome: 'unknown' })
    expect(await refusal(test.call(Stock.broken, {}))).toMatchObject({ code: 'INTERNAL' })
  })

  it('does not promise callers the errors of other contracts', async () => {
    expect(await refusal(test.call(Orders.leak, {}))).toMatchObject({ code: 'INTERNAL', reason: undefined })
  })

  it('passes the caller and the trace on', async () => {
    const { caller, traceId } = await test.call(Orders.who, {})
    expect(caller).toBe('orders')
    expect(traceId).toMatch(/^[0-9a-f]{32}$/)
    expect((await test.call(Stock.whoami, {}, { caller: 'customer-7' })).caller).toBe('customer-7')
  })

  it('delivers a published event to the other service', async () => {
    await test.call(Stock.reserve, { orderId: 'o-9', lines: [{ sku: 'a', quantity: 1 }] })
    await test.advance(2_000)
    expect(await test.call(Orders.seen, {})).toEqual({ orders: ['o-9'] })
  })

  it('answers the same idempotency key once, and refuses another input under it', async () => {
    const first = await test.call(Orders.count, { by: 1 }, { idempotencyKey: 'k' })
    expect(await test.call(Orders.count, { by: 1 }, { idempotencyKey: 'k' })).toEqual(first)
    expect(runs).toBe(1)
    expect(await refusal(test.call(Orders.count, { by: 2 }, { idempotencyKey: 'k' }))).toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
      httpStatus: 422,
    })
    expect(await test.call(Orders.count, { by: 2 }, { idempotencyKey: 'k', caller: 'another' })).toEqual({ runs: 3 })
  })

  it('drains: what is under way ends, what comes then is refused', async () => {
    const running = test.hosts.at(-1)?.invoke(Stock.slow, { ms: 800 }, { caller: 'a' })
    await test.advance(10)
    const stopped = Promise.all(test.hosts.map((host) => host.stop({ drainMs: 5_000 })))
    expect(await refusal(test.call(Stock.echo, { lines: [] }))).toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'DRAINING',
      retryable: true,
    })
    expect(await test.environment.run(running as Promise<unknown>)).toEqual({ ms: 800 })
    const reports = await test.environment.run(stopped)
    expect(reports.every(({ clean }) => clean)).toBe(true)
  })
})

describe('a host', () => {
  it('loads only what it runs', async () => {
    const poisoned = defineSystem({
      name: 'test',
      services: [
        service(Stock, async () => ({ stock })),
        service(Orders, (() => Promise.reject(new Error('poison'))) as never),
      ],
    })
    const environment = createVirtualEnvironment()
    const openStore = async (name: string) => createMemoryStore({ environment, service: name })
    const bus = createMemoryBus({ environment })
    const host = createHost({ system: poisoned, services: ['stock'], environment, openStore, bus, log: silentLog })
    await host.start()
    expect(host.serviceNames).toEqual(['stock'])
    await environment.run(host.stop())
    const both = createHost({ system: poisoned, environment, openStore, bus, log: silentLog })
    await expect(both.start()).rejects.toThrow('poison')
    expect(both.state).toBe('failed')
  })

  it('says all that is wrong before it starts', async () => {
    const environment = createVirtualEnvironment()
    const openStore = (name: string) => Promise.reject(new Error(`no database for ${name}`))
    const bus = createMemoryBus({ environment })
    const host = createHost({ system, environment, openStore, bus, log: silentLog })
    await expect(host.start()).rejects.toThrow(/stock: no database for stock\n.*orders: no database for orders/)
    const unknown = createHost({ system, services: ['stock', 'nothing'], environment, openStore, log: silentLog })
    await expect(unknown.start()).rejects.toThrow("has no service 'nothing'")
    const silent = createHost({
      system,
      environment,
      openStore: async (name) => createMemoryStore({ environment, service: name }),
      log: silentLog,
    })
    await expect(silent.start()).rejects.toThrow("'orders' subscribes to events but this host has no bus")
  })

  it('is cut at the drain deadline, and says so', async () => {
    const test = await startTestSystem(system, { shape: 'one' })
    const [host] = test.hosts
    const running = host?.invoke(Stock.slow, { ms: 900 }, { caller: 'a' }).catch((error: unknown) => error)
    await test.advance(10)
    expect(await test.environment.run(host?.stop({ drainMs: 100 }) as Promise<unknown>)).toEqual({
      clean: false,
      cutCalls: 1,
    })
    await test.advance(2_000)
    expect(host?.state).toBe('stopped')
    await running
  })

  it('answers probes by the state it is in', () => {
    const ready = () => ({ ready: true, reasons: [] })
    const not = () => ({ ready: false, reasons: ['no database'] })
    expect(answerHealth('/livez', 'starting', not)?.status).toBe(200)
    expect(answerHealth('/startupz', 'starting', not)?.status).toBe(503)
    expect(answerHealth('/startupz', 'draining', not)?.status).toBe(200)
    expect(answerHealth('/readyz', 'ready', ready)?.status).toBe(200)
    expect(answerHealth('/readyz', 'ready', not)?.body).toContain('no database')
    expect(answerHealth('/other', 'ready', ready)).toBeUndefined()
  })
})
