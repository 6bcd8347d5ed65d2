/** The audits find what was made wrong on purpose, and nothing where nothing is wrong. */
import { describe, expect, it } from 'vitest'
import type { NewEvent } from '../store/outbox.ts'
import { createDeliveryRig, type DeliveryRig, many } from '../testing/suites/delivery-rig.ts'
import { present, sampleEvent } from '../testing/suites/sample.ts'
import { auditGroup, type GroupAudit } from './audit-group.ts'
import { auditSource, type SourceAudit } from './audit-source.ts'
import type { Bus } from './bus.ts'
import type { LogKeeping } from './keeping.ts'

const limit = 100
const keepingOf = (rig: DeliveryRig): LogKeeping => present(rig.bus.keeping)
const audit = async (rig: DeliveryRig, keeping = keepingOf(rig)): Promise<SourceAudit> =>
  present(await auditSource({ source: 'producer', outbox: rig.producer.outbox, keeping }, limit))

/** One transaction, hence one page of the relay. */
const publishTogether = (rig: DeliveryRig, all: readonly string[]): Promise<void> =>
  rig.producer.transact(async (tx) => {
    for (const label of all) tx.publish(sampleEvent(label, 'k0'))
  })

/** An id of a while later. */
async function soon(rig: DeliveryRig): Promise<string> {
  await rig.environment.advance(30_000)
  return rig.environment.random.uuidv7()
}

/** A rig whose relay appends what `spoil` makes of each page, after a first audit began to count. */
async function spoiled(spoil: (events: readonly NewEvent[]) => readonly NewEvent[]): Promise<DeliveryRig> {
  const rig = createDeliveryRig()
  let on = false
  const bus: Bus = {
    ...rig.bus,
    append: (lease, events, cursor) => rig.bus.append(lease, on ? spoil(events) : events, cursor),
  }
  rig.relay(undefined, { bus }).start()
  await rig.publish(...many(20))
  await rig.environment.advance(1_000)
  expect(await audit(rig)).toMatchObject({ missing: 0, duplicated: 0, inverted: 0 })
  on = true
  await publishTogether(rig, many(10, 1))
  await rig.environment.advance(1_000)
  return rig
}

describe('the audit of a source', () => {
  it('finds nothing where nothing is wrong, and says what it looked at', async () => {
    const rig = await spoiled((events) => events)
    expect(await audit(rig)).toEqual({
      checked: 60,
      foreign: 0,
      counted: 30,
      missing: 0,
      duplicated: 0,
      inverted: 0,
      from: 1,
      to: 30,
    })
  })

  it('finds an event that was committed and never appended', async () => {
    const rig = await spoiled((events) => events.slice(1))
    expect(await audit(rig)).toMatchObject({ missing: 1, duplicated: 0, inverted: 0 })
  })

  it('finds one that was appended twice', async () => {
    const rig = await spoiled((events) => [...events, ...events.slice(-1)])
    expect(await audit(rig)).toMatchObject({ missing: 0, duplicated: 1 })
  })

  it('finds events of a key that lie in the wrong order', async () => {
    const rig = await spoiled((events) => events.toReversed())
    expect(await audit(rig)).toMatchObject({ missing: 0, duplicated: 0, inverted: 9 })
  })

  it('finds by count what went wrong long before the window, and which is too old to name', async () => {
    let lost = false
    const rig = await spoiled((events) => {
      if (lost) return events
      lost = true
      return events.slice(1)
    })
    await rig.publish(...many(300))
    await rig.environment.advance(1_000)
    const narrow = { source: 'producer', outbox: rig.producer.outbox, keeping: keepingOf(rig) }
    expect(await auditSource(narrow, 10)).toMatchObject({ missing: 1, duplicated: 0, from: 310, to: 329, counted: 330 })
  })

  it('finds a hole in the log', async () => {
    const rig = await spoiled((events) => events)
    const holed: LogKeeping = {
      ...keepingOf(rig),
      entries: async (...given) => (await keepingOf(rig).entries(...given)).filter(({ offset }) => offset !== 25),
    }
    expect(await audit(rig, holed)).toMatchObject({ missing: 1, duplicated: 0, inverted: 0 })
  })

  it('takes nothing for lost that went by retention', async () => {
    const rig = await spoiled((events) => events)
    await rig.environment.advance(10_000_000)
    const gone = await keepingOf(rig).retain({ rules: [], fallback: { ageMs: 1_000 } })
    expect(gone.events).toBe(30)
    expect(await audit(rig)).toMatchObject({ missing: 0, duplicated: 0, inverted: 0, from: 31, to: 30 })
    await rig.publish('k0:new')
    await rig.environment.advance(1_000)
    expect(await audit(rig)).toMatchObject({ missing: 0, duplicated: 0, inverted: 0, from: 31, to: 31 })
  })

  it('takes nothing for lost that went and was made after what is kept, in a transaction that was open for less long', async () => {
    const rig = await spoiled((events) => events)
    await rig.environment.advance(10_000)
    const [early, late] = [{ ...sampleEvent('early', 'a') }, { ...sampleEvent('late', 'b') }]
    const [earlyId, lateId] = [rig.environment.random.uuidv7(), await soon(rig)]
    await rig.producer.transact(async (tx) => tx.publish({ ...late, id: lateId }))
    await rig.environment.advance(10_000_000)
    await keepingOf(rig).retain({ rules: [], fallback: { ageMs: 1_000 } })
    await rig.producer.transact(async (tx) => tx.publish({ ...early, id: earlyId }))
    await rig.environment.advance(1_000)
    expect(await audit(rig)).toMatchObject({ missing: 0, duplicated: 0, inverted: 0, from: 32, to: 32 })
  })

  it('still finds what is missing long after the first that is kept', async () => {
    let drop = false
    const rig = await spoiled((events) => (drop ? [] : events))
    await rig.environment.advance(10_000_000)
    await keepingOf(rig).retain({ rules: [], fallback: { ageMs: 1_000 } })
    const publish = async (): Promise<void> => {
      const { clock, random } = rig.environment
      expect(clock.now()).toBeGreaterThan(0)
      await rig.producer.transact(async (tx) => tx.publish({ ...sampleEvent('x', 'k0'), id: random.uuidv7() }))
      await rig.environment.advance(1_000)
    }
    await publish()
    await rig.environment.advance(600_000)
    drop = true
    await publish()
    drop = false
    await publish()
    // By identity: counting has a baseline of before.
    expect((await audit(rig)).missing).toBe(1)
  })

  it('knows nothing of a source that the log does not know', async () => {
    const rig = createDeliveryRig()
    const audited = { source: 'nobody', outbox: rig.producer.outbox, keeping: keepingOf(rig) }
    expect(await auditSource(audited, limit)).toBeUndefined()
  })
})

describe('the audit of a group', () => {
  async function consumed(): Promise<DeliveryRig> {
    const rig = createDeliveryRig()
    rig.relay().start()
    rig.consume().start()
    await rig.publish(...many(30))
    await rig.environment.advance(5_000)
    return rig
  }
  const auditOf = (rig: DeliveryRig, inbox = rig.consumer.inbox, to = 30): Promise<GroupAudit> => {
    const types = new Set(['sample.happened.v1'])
    const group = { source: 'producer', group: 'consumer', inbox, keeping: keepingOf(rig), types }
    return auditGroup(group, 0, to, limit)
  }

  it('finds nothing where everything below the mark was applied or parked', async () => {
    const rig = await consumed()
    expect(await auditOf(rig)).toEqual({ checked: 30, unmarked: 0, examples: [], from: 0, to: 30 })
  })

  it('finds an event that the mark jumped over', async () => {
    const rig = await consumed()
    const [event] = await rig.bus.read('producer', 16, 1)
    const forgetful: typeof rig.consumer.inbox = {
      ...rig.consumer.inbox,
      marked: async (group, ids) => {
        const marked = new Set(await rig.consumer.inbox.marked(group, ids))
        marked.delete(present(event).id)
        return marked
      },
    }
    const found = await auditOf(rig, forgetful)
    expect(found).toMatchObject({ checked: 30, unmarked: 1 })
    expect(found.examples).toEqual([`17 (${present(event).id})`])
  })

  it('finds what is there above the mark to be not its business', async () => {
    const rig = await consumed()
    expect(await auditOf(rig, rig.consumer.inbox, 10)).toMatchObject({ checked: 10, to: 10 })
  })
})
