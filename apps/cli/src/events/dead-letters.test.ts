// What a person sees at the desk, over stores and a log in memory.
import { createMemoryBus, type LogKeeping } from 'banyan/bus'
import { createVirtualEnvironment } from 'banyan/core'
import { scheduleSource } from 'banyan/runtime'
import { createMemoryStore } from 'banyan/store'
import { beforeEach, describe, expect, it } from 'vitest'
import { createEventDesk } from './event-desk.ts'

const hour = 3_600_000
const type = 'orders.placed.v1'
const at = { cluster: 'c', previous: '1', current: '1', lastId: '1' }

describe('the desk', () => {
  const environment = createVirtualEnvironment()
  let store: ReturnType<typeof createMemoryStore>
  let bus: ReturnType<typeof createMemoryBus>
  let ids: string[]
  const desk = (): ReturnType<typeof createEventDesk> =>
    createEventDesk({ stores: new Map([['billing', store]]), bus, now: () => environment.clock.now() })

  beforeEach(async () => {
    store = createMemoryStore({ environment, service: 'billing' })
    bus = createMemoryBus({ environment })
    ids = [1, 2, 3].map(() => environment.random.uuidv7())
    const lease = await bus.lease('orders', 'host', 1_000 * hour)
    const events = ids.map((id) => ({ id, type, key: `o-${id}`, envelope: '{"data":{"secret":1}}' }))
    await bus.append(lease as never, events, at)
    const assignment = await store.inbox.claim('billing', 'orders', 'host', 1_000 * hour, 0)
    for (const [index, eventId] of ids.slice(0, 2).entries()) {
      const mark = {
        group: 'billing',
        source: 'orders',
        epoch: assignment?.epoch ?? 0,
        eventId,
        offset: index + 1,
        key: `o-${eventId}`,
      }
      await store.inbox.park(mark, { type, envelope: '{"data":{"secret":1}}', attempts: 8, error: 'Error: no' })
    }
  })

  it('lists what was given up with who and why, without its contents', async () => {
    expect(await desk().dead({ discarded: true })).toEqual([])
    await desk().discard(
      { service: 'billing', source: 'orders', eventId: ids[0] as string },
      { by: 'ada', why: 'a test order' },
    )
    const rows = await desk().dead({ discarded: true })
    expect(rows).toMatchObject([
      {
        service: 'billing',
        group: 'billing',
        source: 'orders',
        eventId: ids[0],
        by: 'ada',
        why: 'a test order',
        error: 'Error: no',
      },
    ])
    expect(JSON.stringify(rows)).not.toContain('secret')
    expect(await desk().dead({ list: true })).toHaveLength(1)
    expect(await desk().dead({})).toMatchObject([{ events: 1 }])
  })

  it('says of a group what the log keeps for it beyond its retention', async () => {
    const keeping = bus.keeping as LogKeeping
    await keeping.report({ source: 'orders', group: 'billing', cursor: 0 })
    await environment.advance(2 * hour)
    await keeping.report({ source: 'orders', group: 'billing', cursor: 0 })
    expect(await desk().lag()).toMatchObject([{ group: 'billing', behind: 3, parkedEvents: 2, pinned: 0 }])
    await keeping.retain({ rules: [{ source: 'orders', type, ageMs: hour }] })
    expect(await desk().lag()).toMatchObject([{ group: 'billing', behind: 3, pinned: 3 }])
    await keeping.forget('orders', 'billing')
    expect(await desk().lag()).toMatchObject([{ pinned: '' }])
  })

  it('takes no schedule for a reader of a log', async () => {
    await store.inbox.claim('schedule:nightly', scheduleSource, 'host', hour, 1)
    expect(await desk().lag()).toHaveLength(1)
    expect(JSON.stringify(await desk().audit())).not.toContain('schedule:')
  })
})
