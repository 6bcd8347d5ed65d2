// What a host does with bridges: settings, events, back-off, warnings, the order of the end.
import { beforeEach, describe, expect, it } from 'vitest'
import { type AnyEvent, defineContract, event, t } from '../contract/index.ts'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import type { NewEvent } from '../store/outbox.ts'
import {
  type BridgeRig,
  Customers,
  createBridgeRig,
  noDatabase,
  type Probe,
  working,
} from '../testing/suites/bridge-rig.ts'
import type { BridgeHost, RunningBridge } from './bridge.ts'
import { bridgeBackoff, bridgeOpenMs, bridgeSettledMs } from './bridge-runner.ts'
import type { BridgeSpec } from './define-bridge.ts'
import { defineService } from './define-service.ts'

const Others = defineContract('others', {
  version: '1.0.0',
  owner: 'x',
  operations: {},
  events: { seen: event({ key: 'id', data: t.Object({ id: t.String() }) }) },
})
const id = '01890a5d-ac96-774b-bcce-b302099a8057'

let rig: BridgeRig
beforeEach(() => {
  rig = createBridgeRig()
})
const probe = (spec: Partial<BridgeSpec> = {}): Probe => rig.probe(spec)
const rejectionOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error('resolved'),
    (e) => e,
  )

describe('a description', () => {
  it('is frozen, and shows no setting to whatever prints it', () => {
    const { bridge } = probe({ settings: { url: 'pg://u:secret@h', late: () => 'secret too' } })
    const service = defineService(Customers, { database: noDatabase, operations: {}, bridges: [bridge] })
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
    expect(define({ database: noDatabase, bridges: [bridge, bridge] })).toThrow(
      "bridges[1]: the name 'crm' is used twice",
    )
    expect(define({ database: noDatabase, bridges: [{ name: 'crm' }] })).toThrow('bridges[0] is none')
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
    const error = await rejectionOf(rig.start([one.bridge, two.bridge, three.bridge]))
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
    const host = await rig.start([bridge], { bridges: false })
    await rig.environment.advance(10_000)
    expect([openedMs, host.status().bridges]).toEqual([[], []])
    await rig.environment.run(host.stop())
  })

  it('gives a bridge what it has, and makes events of the service of it, no others and none that do not fit', async () => {
    const { bridge, host: given } = probe({ settings: { url: () => 'pg://h' } })
    const host = await rig.start([bridge])
    await rig.environment.advance(1)
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
    await rig.environment.run(host.stop())
  })

  it('is ready while a bridge fails, warns, and opens it again, less and less often', async () => {
    const openedMs: number[] = []
    const { bridge } = probe({
      settings: { url: 'pg://u:s3cr%2Fet@crm' },
      open: async () => {
        openedMs.push(rig.environment.clock.monotonic())
        throw new BanyanError('UNAVAILABLE', 'pg://u:s3cr%2Fet@crm is away, password s3cr/et', { hint: 'Look there.' })
      },
    })
    const host = await rig.start([bridge])
    await rig.environment.advance(1_800_000)
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
    expect(await rig.store.bridges.known()).toMatchObject([{ bridge: 'crm', state: 'failing', holder: 'a#1' }])
    expect([rig.lines.join(), JSON.stringify(await rig.store.bridges.known())].some((text) => /s3cr/.test(text))).toBe(
      false,
    )
    await rig.environment.run(host.stop())
  })

  it('asks for a setting again for each connection, and keeps to itself what it was', async () => {
    let url: string | undefined = 'pg://u:first-pw@a'
    const { bridge, host: given } = probe({ settings: { url: () => url } })
    const host = await rig.start([bridge])
    await rig.environment.advance(1)
    expect(given().setting('url')).toBe('pg://u:first-pw@a')
    url = 'pg://u:second-pw@b'
    expect([given().setting('url'), given().setting('none')]).toEqual([url, ''])
    given().log.info('no way from pg://u:first-pw@a to b with second-pw', { error: new Error('first-pw') })
    expect(rig.lines.join()).toMatch(/no way from \*\*\* to b with \*\*\*/)
    expect(rig.lines.join()).not.toMatch(/first-pw|second-pw/)
    url = undefined
    expect(() => given().setting('url')).toThrow("the setting 'url' is missing")
    await rig.environment.run(host.stop())
  })

  it('begins with the first back-off again when a bridge had worked for long', async () => {
    const { bridge, fail, openedMs, stops } = probe()
    const host = await rig.start([bridge])
    for (let turn = 0; turn < 8; turn++) {
      await rig.environment.advance(bridgeBackoff.maxMs * 1.1)
      fail(new Error('lost'))
      await rig.environment.advance(bridgeBackoff.firstMs * 1.1)
      expect(openedMs.length).toBe(turn + 2)
    }
    expect(bridgeSettledMs).toBeLessThanOrEqual(bridgeBackoff.maxMs * 1.1)
    expect(stops()).toBe(8)
    await rig.environment.run(host.stop())
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
    const host = await rig.start([bridge])
    await rig.environment.advance(bridgeOpenMs + bridgeBackoff.firstMs * 2)
    expect(opened).toBe(2)
    expect(host.status().bridges[0]?.lastError).toContain(`did not open within ${bridgeOpenMs} ms`)
    late.resolve({ ended: new Promise(() => undefined), report: () => working, stop: async () => void stopped++ })
    await rig.environment.advance(5_000)
    expect([stopped, host.status().bridges[0]?.state]).toEqual([1, 'working'])
    await rig.environment.run(host.stop())
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
          if (name === 'in') await sleep(rig.environment.timers, 300)
          const end = await rig.bus?.end('customers')
          order.push(`${name} ${end}`)
          if (name !== 'in') return
          const late = host.toEvent(Customers.events.changed, { id: 'c', name: 'last' }, { id, timeMs: 0 })
          await rig.store.transact(async (tx) => tx.publish(late))
        },
      })
    const job = {
      name: 'work',
      everyMs: 50,
      run: async () => {
        await sleep(rig.environment.timers, 200)
        order.push('job')
      },
    }
    const host = await rig.start(
      [probe({ open: atWork('in') }).bridge, probe({ name: 'out', direction: 'out', open: atWork('out') }).bridge],
      { jobs: [job] },
    )
    await rig.environment.advance(100)
    await rig.environment.run(host.stop())
    expect(order.filter((entry) => entry !== 'job')).toEqual(['in 0', 'out 1'])
    expect(order.indexOf('in 0')).toBeLessThan(order.lastIndexOf('job'))
    expect(await rig.store.bridges.known()).toMatchObject([
      { bridge: 'crm', state: 'stopped' },
      { bridge: 'out', state: 'stopped' },
    ])
  })

  it('audits what a bridge out has passed like what any group has', async () => {
    let passed = 0
    let given: BridgeHost | undefined
    const { bridge } = probe({
      direction: 'out',
      inbox: (service) => ({ group: 'bridge:crm', source: service }),
      async open(host) {
        given = host
        const stop = async (): Promise<void> => undefined
        return { ended: new Promise(() => undefined), report: () => working, stop, lowWater: () => passed }
      },
    })
    const host = await rig.start([bridge])
    await rig.environment.advance(10)
    const made = given?.toEvent(Customers.events.changed, { id: 'c', name: 'n' }, { id, timeMs: 0 })
    await rig.store.transact(async (tx) => tx.publish(made as NewEvent))
    await rig.environment.advance(125_000)
    expect(host.status().log?.groups['bridge:crm customers']?.faulty ?? 0).toBe(0)
    // It says that it has sent the event, and has no mark of it.
    passed = 1
    await rig.environment.advance(125_000)
    expect(host.status().log?.groups['bridge:crm customers']).toMatchObject({ last: { unmarked: 1 } })
    await rig.environment.run(host.stop())
  })

  it('is not held up by a bridge that never stops', async () => {
    const forever = new Promise<void>(() => undefined)
    const { bridge } = probe({
      open: async () => ({ ended: forever, report: () => working, stop: () => forever }),
    })
    const host = await rig.start([bridge])
    await rig.environment.advance(100)
    const before = rig.environment.clock.monotonic()
    await rig.environment.run(host.stop({ drainMs: 2_000 }))
    expect(rig.environment.clock.monotonic() - before).toBeLessThan(8_000)
  })

  it('refuses a bridge out without a log', async () => {
    rig.bus = undefined
    const error = await rejectionOf(rig.start([probe({ direction: 'out' }).bridge]))
    expect(error.message).toContain("service 'customers', bridge 'crm': it reads the log, but this host has no bus")
  })
})
