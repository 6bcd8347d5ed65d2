// What is asked of a bridge, and what is known of it, through the service's database.
import { beforeEach, describe, expect, it } from 'vitest'
import { BanyanError } from '../core/error.ts'
import { type BridgeRig, Customers, createBridgeRig, type Probe, working } from '../testing/suites/bridge-rig.ts'
import type { BridgeReport } from './bridge.ts'
import type { BridgeSpec } from './define-bridge.ts'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'

let rig: BridgeRig
beforeEach(() => {
  rig = createBridgeRig()
})
const probe = (spec: Partial<BridgeSpec> = {}): Probe => rig.probe(spec)
const published = async (): Promise<unknown[]> =>
  (await rig.store.outbox.read(undefined, 100)).events.map(({ envelope }) => JSON.parse(envelope).data)

describe('a request', () => {
  const ask = (action: string, detail = {}): Promise<string> =>
    rig.store.bridges.ask({ bridge: 'crm', action, detail, by: 'ada' })
  const outcomeOf = async (request: string) =>
    (await rig.store.bridges.requests('crm', 10)).find((one) => one.id === request)?.outcome

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
    const hosts = [await rig.start([probe(spec).bridge]), await rig.start([probe(spec).bridge], { holder: 'b#1' })]
    const [first, second, third] = [await ask('skip', { why: 'rotten' }), await ask('explode'), await ask('dance')]
    await rig.environment.advance(5_000)
    expect(acts).toEqual(['customers skip rotten', 'customers explode undefined'])
    expect(await outcomeOf(first)).toEqual({ ok: true, message: 'passed over one' })
    expect(await outcomeOf(second)).toEqual({ ok: false, message: 'Error: cannot: ***' })
    expect(await outcomeOf(third)).toMatchObject({ ok: false, message: "a bridge of kind 'probe' cannot 'dance'" })
    for (const host of hosts) await rig.environment.run(host.stop())
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
    const host = await rig.start([bridge])
    await rig.environment.advance(300_000)
    const before = opened
    await ask('skip')
    await rig.environment.advance(1_500)
    expect([opened, host.status().bridges[0]?.state]).toEqual([before + 1, 'working'])
    await rig.environment.run(host.stop())
  })

  it('waits for a host', async () => {
    const request = await ask('skip')
    const host = await rig.start([probe({ actions: ['skip'], act: async () => 'done' }).bridge])
    await rig.environment.advance(100)
    expect(await outcomeOf(request)).toEqual({ ok: true, message: 'done' })
    await rig.environment.run(host.stop())
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
    const first = await rig.start([probe(report('working', 5)).bridge])
    await rig.environment.advance(10)
    const second = await rig.start([probe(report('waiting', 0)).bridge], { holder: 'b#1' })
    await rig.environment.advance(60_000)
    const [known] = await rig.store.bridges.known()
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
    await rig.environment.run(second.stop())
    expect((await rig.store.bridges.known())[0]?.state).toBe('working')
    await rig.environment.run(first.stop())
    expect((await rig.store.bridges.known())[0]?.state).toBe('stopped')
  })

  it('are not what a bridge needs: it works while its database cannot be asked', async () => {
    const { bridge, host: given } = probe()
    const away = async (): Promise<never> => {
      throw new BanyanError('UNAVAILABLE', 'no database')
    }
    const healthy = rig.store
    rig.store = Object.create(healthy, { bridges: { value: { ...healthy.bridges, note: away, take: away } } })
    const host = await rig.start([bridge])
    await rig.environment.advance(20_000)
    const made = given().toEvent(Customers.events.changed, { id: 'c', name: 'n' }, { id, timeMs: 0 })
    await rig.store.transact(async (tx) => tx.publish(made))
    expect(await published()).toEqual([{ id: 'c', name: 'n' }])
    expect(host.status().bridges[0]?.state).toBe('working')
    expect(rig.lines.filter((line) => line.includes('cannot look after a bridge')).length).toBe(1)
    await rig.environment.run(host.stop())
  })
})
