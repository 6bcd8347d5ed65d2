import { beforeEach, describe, expect, it } from 'vitest'
import { type Bus, createMemoryBus } from '../bus/index.ts'
import { type AnyEvent, defineContract, event, t } from '../contract/index.ts'
import { sleep } from '../core/environment/timers.ts'
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineDatabase } from '../store/define-database.ts'
import { createMemoryStore, type Store } from '../store/index.ts'
import { createLog } from '../telemetry/index.ts'
import type { BridgeHost, BridgeReport, RunningBridge } from './bridge.ts'
import { bridgeBackoff, bridgeOpenMs, bridgeSettledMs } from './bridge-runner.ts'
import { type BridgeSpec, defineBridge } from './define-bridge.ts'
import { defineService } from './define-service.ts'
import { defineSystem } from './define-system.ts'
import { createHost, type Host } from './host.ts'

const Customers = defineContract('customers', {
  version: '1.0.0',
  owner: 'sales',
  operations: {},
  events: { changed: event({ key: 'id', data: t.Object({ id: t.String(), name: t.String() }) }) },
})
const Others = defineContract('others', {
  version: '1.0.0',
  owner: 'x',
  operations: {},
  events: { seen: event({ key: 'id', data: t.Object({ id: t.String() }) }) },
})
const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const working: BridgeReport = { state: 'working', counters: { events: 3 }, alarms: [] }
const id = '01890a5d-ac96-774b-bcce-b302099a8057'

let environment: VirtualEnvironment
let store: Store
let bus: Bus
let lines: string[]
beforeEach(() => {
  environment = createVirtualEnvironment({ seed: 1 })
  store = createMemoryStore({ environment, service: 'customers' })
  bus = createMemoryBus({ environment })
  lines = []
})

/** A bridge that does nothing until it is told to, and remembers what was done with it. */
function probe(spec: Partial<BridgeSpec> = {}) {
  const done: string[] = []
  const openedMs: number[] = []
  let fail: (error: unknown) => void = () => undefined
  let host: BridgeHost | undefined
  const bridge = defineBridge({
    name: 'crm',
    kind: 'probe',
    direction: 'in',
    async open(given): Promise<RunningBridge> {
      host = given
      openedMs.push(environment.clock.monotonic())
      const { promise, reject } = Promise.withResolvers<void>()
      fail = reject
      return { ended: promise, report: () => working, stop: async () => void done.push('stop') }
    },
    ...spec,
  })
  return { bridge, done, openedMs, fail: (error: unknown) => fail(error), host: () => host as BridgeHost }
}

async function start(
  bridges: readonly unknown[],
  options: { readonly holder?: string; readonly bridges?: boolean; readonly jobs?: readonly object[] } = {},
): Promise<Host> {
  const service = defineService(Customers, {
    database,
    operations: {},
    bridges: bridges as never,
    jobs: (options.jobs ?? []) as never,
  })
  const host = createHost({
    system: defineSystem({ name: 'shop', services: [service] }),
    environment,
    incarnation: options.holder ?? 'a#1',
    openStore: async () => store,
    bus,
    log: createLog({ write: (line) => lines.push(line), now: () => 0 }),
    ...(options.bridges === undefined ? {} : { bridges: options.bridges }),
  })
  await environment.run(host.start())
  return host
}
const rejectionOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error('resolved'),
    (e) => e,
  )
const published = async (): Promise<unknown[]> =>
  (await store.outbox.read(undefined, 100)).events.map(({ envelope }) => JSON.parse(envelope).data)

describe('a description', () => {
  it('is frozen, and shows no setting to whatever prints it', () => {
    const { bridge } = probe({ settings: { url: 'pg://u:secret@h', late: () => 'secret too' } })
    const service = defineService(Customers, { database, operations: {}, bridges: [bridge] })
    expect([bridge, bridge.settings, service.bridges].every((part) => Object.isFrozen(part))).toBe(true)
    expect(JSON.stringify(service)).not.toContain('secret')
    expect(bridge.settings['url']?.()).toBe('pg://u:secret@h')
  })

  it.each([['Crm'], ['c_rm'], [''], ['x'.repeat(51)]])('is refused with the name %j', (name) => {
    expect(() => probe({ name })).toThrow(expect.objectContaining({ reason: 'INVALID_BRIDGE' }))
  })

  it('is refused by a service that has it twice, none at all, or no database', () => {
    const { bridge } = probe()
    const define = (spec: object) => () => defineService(Customers, { operations: {}, ...spec } as never)
    expect(define({ database, bridges: [bridge, bridge] })).toThrow("bridges[1]: the name 'crm' is used twice")
    expect(define({ database, bridges: [{ name: 'crm' }] })).toThrow('bridges[0] is none')
    expect(define({ bridges: [bridge] })).toThrow("bridges need a 'database'")
  })
})

describe('a host', () => {
  it('does not start without a setting: service, bridge, setting and variable are named, all at once', async () => {
    const one = probe({ settings: { url: () => process.env['NO_SUCH_URL_HERE'] } })
    const two = probe({
      name: 'erp',
      settings: {
        url: '',
        token: () => {
          throw new Error('vault is sealed')
        },
      },
    })
    const three = probe({ name: 'bad', settings: { url: 'hidden-value' }, faults: () => ["the setting 'url' is odd"] })
    const error = await rejectionOf(start([one.bridge, two.bridge, three.bridge]))
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'BRIDGE_SETTINGS' })
    expect(error.message.split('\n').slice(1)).toEqual([
      "  - service 'customers', bridge 'crm': the setting 'url' is missing (environment variable NO_SUCH_URL_HERE)",
      "  - service 'customers', bridge 'erp': the setting 'url' is missing",
      "  - service 'customers', bridge 'erp': the setting 'token' cannot be read: vault is sealed",
      "  - service 'customers', bridge 'bad': the setting 'url' is odd",
    ])
    expect([one, two, three].flatMap(({ openedMs }) => openedMs)).toEqual([])
  })

  it('opens none when it is told so, and asks for no setting', async () => {
    const { bridge, openedMs } = probe({ settings: { url: () => undefined } })
    const host = await start([bridge], { bridges: false })
    await environment.advance(10_000)
    expect([openedMs, host.status().bridges]).toEqual([[], []])
    await environment.run(host.stop())
  })

  it('gives a bridge what it has, and makes events of the service of it, no others and none that do not fit', async () => {
    const { bridge, host: given } = probe({ settings: { url: () => 'pg://h' } })
    const host = await start([bridge])
    await environment.advance(1)
    const at = given()
    expect(at).toMatchObject({ system: 'shop', service: 'customers', holder: 'a#1', settings: { url: 'pg://h' } })
    expect(at.contract).toBe(Customers)
    const facts = { id, timeMs: 1_000 }
    const made = at.toEvent(Customers.events.changed, { id: 'c-1', name: 'Ada', extra: 1 }, facts)
    expect(JSON.parse(made.envelope)).toMatchObject({
      id,
      source: '/shop/customers',
      type: 'customers.changed.v1',
      partitionkey: 'c-1',
      time: '1970-01-01T00:00:01.000Z',
      dataschema: expect.stringMatching(/^urn:banyan:schema:/),
    })
    expect(JSON.parse(made.envelope).data).toEqual({ id: 'c-1', name: 'Ada' })
    expect(() => at.toEvent(Others.events.seen, { id: 'x' }, facts)).toThrow(
      expect.objectContaining({ reason: 'FOREIGN_EVENT' }),
    )
    expect(() => at.toEvent(Customers.events.changed, { id: 'c-1' }, facts)).toThrow(/name/)
    expect(at.eventOf('customers.changed.v1')).toBe(Customers.events.changed as unknown as AnyEvent)
    expect(at.eventOf('others.seen.v1')).toBeUndefined()
    await environment.run(host.stop())
  })

  it('is ready while a bridge fails, warns, and opens it again, less and less often', async () => {
    const openedMs: number[] = []
    const { bridge } = probe({
      settings: { url: 'pg://u:s3cr%2Fet@crm' },
      open: async () => {
        openedMs.push(environment.clock.monotonic())
        throw new BanyanError('UNAVAILABLE', 'pg://u:s3cr%2Fet@crm is away, password s3cr/et', { hint: 'Look there.' })
      },
    })
    const host = await start([bridge])
    await environment.advance(1_800_000)
    const gaps = openedMs.slice(1).map((at, index) => at - (openedMs[index] as number))
    expect(gaps.every((gap) => gap >= bridgeBackoff.firstMs / 2 && gap <= bridgeBackoff.maxMs + 100)).toBe(true)
    expect(gaps.slice(-10).every((gap) => gap >= bridgeBackoff.maxMs / 2 - 100)).toBe(true)
    expect(openedMs.length).toBeLessThan(80)
    const readiness = host.readiness()
    expect(readiness).toEqual({
      ready: true,
      reasons: [],
      warnings: ['bridge crm of customers: *** is away, password *** Look there.'],
    })
    expect(host.status().bridges).toMatchObject([
      {
        service: 'customers',
        name: 'crm',
        kind: 'probe',
        direction: 'in',
        state: 'failing',
        restarts: openedMs.length - 1,
      },
    ])
    expect(await store.bridges.known()).toMatchObject([{ bridge: 'crm', state: 'failing', holder: 'a#1' }])
    expect([lines.join(), JSON.stringify(await store.bridges.known())].some((text) => /s3cr/.test(text))).toBe(false)
    await environment.run(host.stop())
  })

  it('begins with the first back-off again when a bridge had worked for long', async () => {
    const { bridge, fail, openedMs, done } = probe()
    const host = await start([bridge])
    for (let turn = 0; turn < 8; turn++) {
      await environment.advance(bridgeBackoff.maxMs * 1.1)
      fail(new Error('lost'))
      await environment.advance(bridgeBackoff.firstMs * 1.1)
      expect(openedMs.length).toBe(turn + 2)
    }
    expect(bridgeSettledMs).toBeLessThanOrEqual(bridgeBackoff.maxMs * 1.1)
    expect(done.length).toBe(8)
    await environment.run(host.stop())
  })

  it('stops a bridge that opens too late, and opens another', async () => {
    const late = Promise.withResolvers<RunningBridge>()
    let opened = 0
    let stopped = 0
    const { bridge } = probe({
      open: async () => {
        opened += 1
        return late.promise
      },
    })
    const host = await start([bridge])
    await environment.advance(bridgeOpenMs + bridgeBackoff.firstMs * 2)
    expect(opened).toBe(2)
    expect(host.status().bridges[0]?.lastError).toContain(`did not open within ${bridgeOpenMs} ms`)
    late.resolve({ ended: new Promise(() => undefined), report: () => working, stop: async () => void stopped++ })
    await environment.advance(5_000)
    expect([stopped, host.status().bridges[0]?.state]).toEqual([1, 'working'])
    await environment.run(host.stop())
    expect(stopped).toBe(2)
  })

  it('stops what comes in before jobs, and what goes out when the outbox is empty', async () => {
    const order: string[] = []
    const atWork =
      (name: string): BridgeSpec['open'] =>
      async (host) => ({
        ended: new Promise(() => undefined),
        report: () => working,
        async stop() {
          if (name === 'in') await sleep(environment.timers, 300)
          const end = await bus.end('customers')
          order.push(`${name} ${end}`)
          if (name !== 'in') return
          const late = host.toEvent(Customers.events.changed, { id: 'c', name: 'last' }, { id, timeMs: 0 })
          await store.transact(async (tx) => tx.publish(late))
        },
      })
    const job = {
      name: 'work',
      everyMs: 50,
      run: async () => {
        await sleep(environment.timers, 200)
        order.push('job')
      },
    }
    const host = await start(
      [probe({ open: atWork('in') }).bridge, probe({ name: 'out', direction: 'out', open: atWork('out') }).bridge],
      { jobs: [job] },
    )
    await environment.advance(100)
    await environment.run(host.stop())
    expect(order.filter((entry) => entry !== 'job')).toEqual(['in 0', 'out 1'])
    expect(order.indexOf('in 0')).toBeLessThan(order.lastIndexOf('job'))
    expect(await store.bridges.known()).toMatchObject([
      { bridge: 'crm', state: 'stopped' },
      { bridge: 'out', state: 'stopped' },
    ])
  })

  it('is not held up by a bridge that never stops', async () => {
    const forever = new Promise<void>(() => undefined)
    const { bridge } = probe({
      open: async () => ({ ended: forever, report: () => working, stop: () => forever }),
    })
    const host = await start([bridge])
    await environment.advance(100)
    const before = environment.clock.monotonic()
    await environment.run(host.stop({ drainMs: 2_000 }))
    expect(environment.clock.monotonic() - before).toBeLessThan(8_000)
  })

  it('refuses a bridge out without a log', async () => {
    bus = undefined as never
    const error = await rejectionOf(start([probe({ direction: 'out' }).bridge]))
    expect(error.message).toContain("service 'customers', bridge 'crm': it reads the log, but this host has no bus")
  })
})

describe('a request', () => {
  const ask = (action: string, detail = {}): Promise<string> =>
    store.bridges.ask({ bridge: 'crm', action, detail, by: 'ada' })
  const outcomeOf = async (request: string) =>
    (await store.bridges.requests('crm', 10)).find((one) => one.id === request)?.outcome

  it('is carried out by one of several hosts, and what came of it is kept', async () => {
    const acts: string[] = []
    const spec: Partial<BridgeSpec> = {
      actions: ['skip', 'explode'],
      settings: { url: 'top-secret' },
      act: async ({ service }, { action, detail }) => {
        acts.push(`${service} ${action} ${String(detail['why'])}`)
        if (action === 'explode') throw new Error('cannot: top-secret')
        return 'passed over one'
      },
    }
    const hosts = [await start([probe(spec).bridge]), await start([probe(spec).bridge], { holder: 'b#1' })]
    const [first, second, third] = [await ask('skip', { why: 'rotten' }), await ask('explode'), await ask('dance')]
    await environment.advance(5_000)
    expect(acts).toEqual(['customers skip rotten', 'customers explode undefined'])
    expect(await outcomeOf(first)).toEqual({ ok: true, message: 'passed over one' })
    expect(await outcomeOf(second)).toEqual({ ok: false, message: 'Error: cannot: ***' })
    expect(await outcomeOf(third)).toMatchObject({ ok: false, message: "a bridge of kind 'probe' cannot 'dance'" })
    for (const host of hosts) await environment.run(host.stop())
  })

  it('wakes a bridge that has failed', async () => {
    let healed = false
    let opened = 0
    const { bridge } = probe({
      actions: ['skip'],
      open: async () => {
        opened += 1
        if (!healed) throw new Error('stands at a change')
        return { ended: new Promise(() => undefined), report: () => working, stop: async () => undefined }
      },
      act: async () => {
        healed = true
        return 'passed over'
      },
    })
    const host = await start([bridge])
    await environment.advance(300_000)
    const before = opened
    await ask('skip')
    await environment.advance(2_500)
    expect([opened, host.status().bridges[0]?.state]).toEqual([before + 1, 'working'])
    await environment.run(host.stop())
  })

  it('waits for a host', async () => {
    const request = await ask('skip')
    const host = await start([probe({ actions: ['skip'], act: async () => 'done' }).bridge])
    await environment.advance(100)
    expect(await outcomeOf(request)).toEqual({ ok: true, message: 'done' })
    await environment.run(host.stop())
  })
})

describe('notes', () => {
  it('say how the bridge does, written by who works it and not by who waits', async () => {
    const report = (state: BridgeReport['state'], events: number): Partial<BridgeSpec> => ({
      inbox: (service) => ({ group: 'bridge:crm', source: service }),
      open: async () => ({
        ended: new Promise(() => undefined),
        report: () => ({
          state,
          counters: { events },
          alarms: ['a slot that nobody reads'],
          lag: { count: 7, unit: 'bytes' },
        }),
        stop: async () => undefined,
      }),
    })
    const first = await start([probe(report('working', 5)).bridge])
    await environment.advance(10)
    const second = await start([probe(report('waiting', 0)).bridge], { holder: 'b#1' })
    await environment.advance(60_000)
    const [known] = await store.bridges.known()
    expect(known).toMatchObject({
      holder: 'a#1',
      state: 'working',
      report: {
        counters: { events: 5 },
        lag: { count: 7, unit: 'bytes' },
        actions: [],
        inbox: { group: 'bridge:crm', source: 'customers' },
      },
    })
    expect(known?.agoMs).toBeLessThan(10_000)
    expect(first.readiness().warnings).toEqual(['bridge crm of customers: a slot that nobody reads'])
    await environment.run(second.stop())
    expect((await store.bridges.known())[0]?.state).toBe('working')
    await environment.run(first.stop())
    expect((await store.bridges.known())[0]?.state).toBe('stopped')
  })

  it('are not what a bridge needs: it works while its database cannot be asked', async () => {
    const { bridge, host: given } = probe()
    const away = async (): Promise<never> => {
      throw new BanyanError('UNAVAILABLE', 'no database')
    }
    const healthy = store
    store = Object.create(healthy, { bridges: { value: { ...healthy.bridges, note: away, take: away } } })
    const host = await start([bridge])
    await environment.advance(20_000)
    const made = given().toEvent(Customers.events.changed, { id: 'c', name: 'n' }, { id, timeMs: 0 })
    await store.transact(async (tx) => tx.publish(made))
    expect(await published()).toEqual([{ id: 'c', name: 'n' }])
    expect(host.status().bridges[0]?.state).toBe('working')
    expect(lines.filter((line) => line.includes('cannot look after a bridge')).length).toBe(1)
    await environment.run(host.stop())
  })
})
