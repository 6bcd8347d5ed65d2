/** Messages that no relay wrote: over a log in memory in which some events are taken for such. */
import { describe, expect, it } from 'vitest'
import { Fenced } from '../store/inbox.ts'
import { createDeliveryRig, type DeliveryRig } from '../testing/suites/delivery-rig.ts'
import { present, rejection, sampleEvent } from '../testing/suites/sample.ts'
import { auditSource } from './audit-source.ts'
import { foreignGroup, parkForeign } from './foreign.ts'
import type { LogKeeping } from './keeping.ts'
import { createLogKeeper } from './log-keeper.ts'

const known = 'sample.happened.v1'
const refusal = ({ type }: { readonly type: string }): string | undefined =>
  type === known ? undefined : `UNKNOWN_TYPE: ${type}`

interface ForeignRig extends DeliveryRig {
  readonly keeping: LogKeeping
  /** Writes into the log past every relay. */
  write(label: string, type?: string): Promise<void>
  park(given?: Partial<Parameters<typeof parkForeign>[0]>): Promise<number>
  parked(): Promise<string[]>
}

async function createForeignRig(): Promise<ForeignRig> {
  const rig = createDeliveryRig()
  const foreign = new Set<string>()
  const memory = present(rig.bus.keeping)
  const isForeign = (id: string): boolean => foreign.has(id)
  const keeping: LogKeeping = {
    ...memory,
    source: async (source) => {
      const facts = present(await memory.source(source))
      return { ...facts, foreign: foreign.size }
    },
    entries: async (...asked) =>
      (await memory.entries(...asked)).map((entry) => ({ ...entry, foreign: isForeign(entry.id) })),
    async foreign(source, after, limit) {
      const all = await rig.bus.read(source, after, 100_000)
      const events = all.filter(({ id }) => isForeign(id)).slice(0, limit)
      return { events, to: events.length < limit ? (all.at(-1)?.offset ?? after) : present(events.at(-1)).offset }
    },
  }
  const watch = { source: 'producer', keeping, inbox: rig.producer.inbox, refusal, holder: 'a#1' }
  return {
    ...rig,
    keeping,
    async write(label, type = known) {
      const event = { ...sampleEvent(label), type }
      foreign.add(event.id)
      const lease = present(await rig.bus.lease('producer', 'writer#1', 1_000))
      const { cursor } = lease
      await rig.bus.append(lease, [event], cursor ?? { cluster: 'c', previous: '1', current: '1', lastId: '0' })
      await rig.bus.release(lease)
    },
    park: (given = {}) => parkForeign({ ...watch, ...given }),
    parked: async () =>
      (await rig.producer.inbox.parked(1_000)).map(({ group, offset, error }) => `${group} ${offset} ${error}`),
  }
}

describe('messages that no relay wrote', () => {
  it('are parked once, with the reason, when they are no events of the source', async () => {
    const rig = await createForeignRig()
    await rig.write('good')
    await rig.write('bad', 'never.heard.of')
    expect([await rig.park(), await rig.park(), await rig.park({ holder: 'b#1' })]).toEqual([1, 0, 0])
    expect(await rig.parked()).toEqual([`${foreignGroup} 2 UNKNOWN_TYPE: never.heard.of`])
    await rig.write('bad', 'never.heard.of')
    expect(await rig.park()).toBe(1)
  })

  it('are all looked at, page by page, however many there are', async () => {
    const rig = await createForeignRig()
    for (let at = 0; at < 250; at += 1) await rig.write(`${at}`, at % 2 === 0 ? 'odd.one' : known)
    expect(await rig.park()).toBe(125)
    expect(await rig.keeping.readers()).toMatchObject([{ source: 'producer', group: foreignGroup, cursor: 250 }])
  })

  it('are left to the host that looks just now', async () => {
    const rig = await createForeignRig()
    await rig.write('bad', 'never.heard.of')
    const held = present(await rig.producer.inbox.claim(foreignGroup, 'producer', 'other#1', 10_000, 0))
    expect(await rig.park()).toBe(0)
    await rig.producer.inbox.release(held)
    expect(await rig.park()).toBe(1)
  })

  it('are parked by one alone when a host was paused in the middle and another took over', async () => {
    const rig = await createForeignRig()
    for (const label of ['1', '2']) await rig.write(label, 'never.heard.of')
    const paused = rig.park({
      keeping: {
        ...rig.keeping,
        async foreign(...asked) {
          const page = await rig.keeping.foreign?.(...asked)
          await rig.environment.advance(200_000)
          expect(await rig.park({ holder: 'b#1' })).toBe(2)
          return present(page)
        },
      },
    })
    expect(await rejection(paused)).toBeInstanceOf(Fenced)
    expect(await rig.parked()).toHaveLength(2)
  })

  it('are given up for good, or looked at again with the contract of today; no request stays open', async () => {
    const rig = await createForeignRig()
    await rig.write('a', 'never.heard.of')
    await rig.write('b', 'never.heard.of')
    await rig.park()
    const { inbox } = rig.producer
    const all = { group: foreignGroup, source: 'producer', all: true } as const
    expect(await inbox.replay(all)).toBe(1)
    await rig.park({ refusal: () => undefined })
    expect(await rig.parked()).toEqual([
      expect.stringContaining('PASSED_OVER'),
      `${foreignGroup} 2 UNKNOWN_TYPE: never.heard.of`,
    ])
    expect(await inbox.replays(foreignGroup, 'producer', 10)).toEqual([])
    await inbox.discard(all, { by: 'me', why: 'rubbish' })
    expect(await inbox.replays(foreignGroup, 'producer', 10)).toHaveLength(1)
    await rig.park()
    expect([await rig.parked(), await inbox.replays(foreignGroup, 'producer', 10)]).toEqual([[], []])
  })

  it('are not dropped before they were looked at, and hold nothing back afterwards', async () => {
    const rig = await createForeignRig()
    await rig.write('bad', 'never.heard.of')
    const keeper = createLogKeeper({
      environment: rig.environment,
      keeping: rig.keeping,
      sources: [
        {
          source: 'producer',
          outbox: rig.producer.outbox,
          isOurs: () => true,
          foreign: { inbox: rig.producer.inbox, refusal, holder: 'a#1' },
        },
      ],
      groups: [],
      rules: [{ source: 'producer', type: 'never.heard.of', ageMs: 60_000 }],
    })
    await rig.environment.advance(10 * 60_000)
    await keeper.round()
    expect(keeper.status()).toMatchObject({ foreignParked: 1, dropped: { events: 1 } })
    expect(await rig.parked()).toHaveLength(1)
  })

  it('are told apart by the audit: counted, and no fault, also when one came twice', async () => {
    const rig = await createForeignRig()
    const relay = rig.relay(undefined, { holder: 'writer#2' })
    const audit = async (): Promise<unknown> =>
      auditSource({ source: 'producer', outbox: rig.producer.outbox, keeping: rig.keeping }, 100)
    await rig.publish('k:1', 'k:2')
    relay.start()
    await rig.environment.advance(1_000)
    expect(await audit()).toMatchObject({ foreign: 0, counted: 2, missing: 0, duplicated: 0 })
    await rig.environment.run(relay.stop())
    await rig.write('foreign')
    await rig.write('foreign too')
    expect(await audit()).toMatchObject({ foreign: 2, counted: 2, missing: 0, duplicated: 0, inverted: 0 })
  })
})
