/**
 * Kill points: a host dies before, after and in the middle of every effect of sagas that use every operation; another host, or a new
 * incarnation of the same, goes on. Whatever the point: a legal end, each effect once or not at all, nothing done with two outcomes,
 * nothing waited for in vain.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { t } from '../contract/index.ts'
import type { SagaRecord } from '../store/sagas.ts'
import { cancel, deliver, lookAt, no, Shipping, sagaOf, send } from './fixtures/sagas.ts'
import { settlingKinds } from './journal.ts'
import { type Kill, KillPoints } from './kill-points.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import { Participant } from './rig-participant.ts'
import type { Saga } from './saga.ts'
import { defineSignal, defineUpdate } from './signals.ts'
import { toNewSaga } from './start.ts'

const Address = defineSignal('address', t.Object({ street: t.String() }))
const Reorder = defineUpdate('reorder', { input: t.Object({ sku: t.String() }), output: t.Object({ ok: t.Boolean() }) })
const more = { signals: [Address, Reorder] as never }
const { delivered } = Shipping.events

/** What a saga of these tests does its effects with: those of the host that it runs in. */
interface Hands {
  do(what: string): readonly [(ctx: { idempotencyKey: string }) => Promise<number>, (ctx: Undoing) => Promise<void>]
  row(name: string): (tx: unknown) => Promise<unknown>
}
type Undoing = { idempotencyKey: string; forwardIdempotencyKey: string }

interface Scenario {
  readonly run: (saga: Saga, hands: Hands) => Promise<unknown>
  readonly child?: (saga: Saga, hands: Hands) => Promise<unknown>
  /** What comes from outside, by virtual milliseconds after the start. */
  readonly outside?: readonly (readonly [number, (rig: SagaRig, id: string) => Promise<unknown>])[]
  readonly ends: readonly { readonly state: SagaRecord['state']; readonly net: Readonly<Record<string, number>> }[]
}

let rows = 0
const toRow = (name: string) => {
  rows += 1
  const id = `row-${rows}`
  const rest = { correlations: [], parent: undefined, traceparent: undefined, startedBy: 'test', timeoutMs: undefined }
  return { id, name, version: 1, key: id, run: 1, input: '{}', priority: 'normal' as const, ...rest }
}

function toHands(points: KillPoints, participant: Participant): Hands {
  return {
    do: (what) => [
      (ctx) => points.effect(`do ${what}`, () => participant.do(what, ctx.idempotencyKey)),
      (ctx) =>
        points.effect(`undo ${what}`, () => participant.undo(what, ctx.idempotencyKey, ctx.forwardIdempotencyKey)),
    ],
    row: (name) => (tx) =>
      (tx as { sagas: SagaRig['store']['sagas'] & { start(one: object): Promise<unknown> } }).sagas.start(
        toRow(name) as never,
      ),
  }
}

/** Rows that transactions have left: how often each was committed. */
async function rowsOf(rig: SagaRig): Promise<Record<string, number>> {
  const { sagas } = await rig.store.sagas.list({ limit: 1_000 })
  const counts: Record<string, number> = {}
  for (const { name } of sagas) if (name.startsWith('row')) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

interface Outcome {
  readonly state: SagaRecord['state']
  readonly net: Readonly<Record<string, number>>
  readonly faults: readonly string[]
  readonly effects: readonly string[]
}

async function play(scenario: Scenario, kill: Kill | undefined, next: string, isIdempotent = true): Promise<Outcome> {
  const rig = createSagaRig()
  const participant = new Participant(isIdempotent)
  const toSagas = (points: KillPoints) => {
    const hands = toHands(points, participant)
    const saga = sagaOf((saga) => scenario.run(saga, hands), { ...more, timeoutMs: 3_600_000 })
    const child = sagaOf((saga) => scenario.child?.(saga, hands) ?? Promise.resolve(), { name: 'child' })
    children.set(saga, child)
    return [saga, child]
  }
  const survive = (): void => {
    const [name, incarnation] = next.split('#') as [string, string]
    const points = new KillPoints(rig.environment.timers)
    rig.host(name, toSagas(points), { incarnation: Number(incarnation), wrap: (host) => points.wrap(host) })
  }
  const points = new KillPoints(rig.environment.timers, kill, survive)
  const [saga, child] = toSagas(points) as [ReturnType<typeof sagaOf>, ReturnType<typeof sagaOf>]
  const one = rig.host('one', [saga, child], { wrap: (host) => points.wrap(host) })
  await rig.environment.advance(10)
  // Whoever has no answer starts it again, by the same key.
  void one.begin(toStart(rig, saga)).catch(() => undefined)
  await rig.environment.advance(5)
  if (points.isDead) await rig.store.sagas.start([toStart(rig, saga)])
  const id = (await rig.store.sagas.findByKey('tested', 'o-1'))?.id as string
  let atMs = 0
  for (const [ms, come] of scenario.outside ?? []) {
    await rig.environment.advance(ms - atMs)
    atMs = ms
    await come(rig, id)
  }
  const end = await endOf(rig, id)
  await rig.environment.advance(25_000)
  return { ...(await judge(rig, end, participant)), effects: points.names }
}

const ended: ReadonlySet<string> = new Set(['completed', 'undone', 'parked', 'continued'])
const children = new Map<unknown, ReturnType<typeof sagaOf>>()

const toStart = (rig: SagaRig, saga: ReturnType<typeof sagaOf>) =>
  toNewSaga(saga as never, { orderId: 'o-1' }, { id: rig.environment.random.uuidv7(), startedBy: 'test' })

async function endOf(rig: SagaRig, id: string): Promise<SagaRecord> {
  for (let turn = 0; turn < 200 && !ended.has((await rig.find(id)).state); turn++) await rig.environment.advance(1_000)
  const end = await rig.find(id)
  return end.next === undefined ? end : endOf(rig, end.next)
}

async function judge(rig: SagaRig, end: SagaRecord, participant: Participant): Promise<Omit<Outcome, 'effects'>> {
  const faults: string[] = []
  const { entries, parked } = await lookAt(rig, end)
  if (parked !== undefined) faults.push(`parked: ${parked.reason} ${parked.message}`)
  for (const [index, entry] of entries.entries()) if (entry.n !== index + 1) faults.push(`gap at ${entry.n}`)
  for (const kinds of [settlingKinds as readonly string[], ['undo']]) {
    const seen = entries.filter(({ kind }) => kinds.includes(kind)).map(({ seq }) => seq)
    if (new Set(seen).size !== seen.length) faults.push(`two outcomes: ${seen.join()}`)
  }
  if ((await rig.store.sagas.locks(10)).length > 0) faults.push('a lock is left')
  const live = await rig.store.sagas.list({ states: ['running', 'undoing', 'parked'], limit: 100 })
  for (const one of live.sagas) if (!one.name.startsWith('row')) faults.push(`left: ${one.name} ${one.state}`)
  const net = Object.entries({ ...participant.net, ...(await rowsOf(rig)) }).filter(([, count]) => count !== 0)
  return { state: end.state, net: Object.fromEntries(net), faults }
}

const whole: Scenario = {
  async run(saga, { do: act, row }) {
    await saga.step('reserve', ...act('reserve'))
    await saga.lock('order', saga.key)
    await saga.tx('row', row('row'), row('row-undone'))
    const [charge] = await saga.all([
      async (one) => {
        await one.step('charge', ...act('charge'))
        return one.waitFor(delivered)
      },
      async (one) => one.step('print', ...act('print')),
    ])
    await saga.race<unknown>([
      async (one) => {
        await one.step('lose', ...act('lose'))
        await one.sleep(3_600_000)
      },
      (one) => one.sleep(1_000),
    ])
    await saga.child(children.get(children.keys().next().value) as never, { orderId: saga.key } as never)
    const { street } = await saga.receive(Address)
    const request = await saga.receive(Reorder)
    request.answer({ ok: street !== '' })
    if (saga.patched('second parcel')) await saga.step('parcel', ...act('parcel'))
    await saga.unlock('order', saga.key)
    await saga.pointOfNoReturn()
    await saga.step('ship', ...act('ship'))
    return charge.id
  },
  child: async (saga, { do: act }) => saga.step('pack', ...act('pack')),
  outside: [
    [3_000, (rig) => deliver(rig, delivered as never, { orderId: 'o-1', to: 'Ann' }, 'e-1')],
    [3_100, (rig, id) => send(rig, id, 'signal', 'address', { street: 'Elm' }, 's-1')],
    [3_200, (rig, id) => send(rig, id, 'update', 'reorder', { sku: 'apple' }, 'u-1')],
  ],
  ends: [{ state: 'completed', net: { charge: 1, pack: 1, parcel: 1, print: 1, reserve: 1, row: 1, ship: 1 } }],
}

const failing: Scenario = {
  async run(saga, { do: act, row }) {
    await saga.step('reserve', ...act('reserve'))
    await saga.tx('row', row('row'), row('row-undone'))
    await saga.lock('order', saga.key)
    await saga.child(children.get(children.keys().next().value) as never, { orderId: saga.key } as never)
    await Promise.all([saga.step('charge', ...act('charge')), saga.step('print', ...act('print'))])
    await saga.step('refuse', () => {
      throw no()
    })
  },
  child: async (saga, { do: act }) => saga.step('pack', ...act('pack')),
  ends: [{ state: 'undone', net: { row: 1, 'row-undone': 1 } }],
}

const cancelled: Scenario = {
  async run(saga, { do: act }) {
    await saga.step('reserve', ...act('reserve'))
    await saga.sleep(500)
    await saga.step('charge', ...act('charge'))
    await saga.pointOfNoReturn()
    await saga.step('ship', ...act('ship'))
  },
  outside: [[505, cancel]],
  ends: [
    { state: 'undone', net: {} },
    { state: 'completed', net: { charge: 1, reserve: 1, ship: 1 } },
  ],
}

const endless: Scenario = {
  async run(saga, { do: act }) {
    const event = await saga.waitFor(delivered)
    await saga.step(event.data.to, ...act(event.data.to))
    if (event.data.to !== 'Cid') return saga.continueAs({ orderId: 'o-1' })
    return 'done'
  },
  outside: ['Ann', 'Bob', 'Cid'].map((to, n) => [
    1_000 + n,
    (rig: SagaRig) => deliver(rig, delivered as never, { orderId: 'o-1', to }, `e-${to}`),
  ]),
  ends: [{ state: 'completed', net: { Ann: 1, Bob: 1, Cid: 1 } }],
}

const scenarios = { whole, failing, cancelled, endless }
const survivors = [
  ['two#1', 20_000],
  ['one#2', 2_000],
] as const
const modes = ['before', 'after', 'late'] as const
let points = 0
const began = performance.now()

afterAll(() => {
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  console.log(`kill points of sagas: ${points} runs, each killed at another point, in ${seconds} s`)
})

async function enumerate(scenario: Scenario, isIdempotent = true): Promise<readonly string[]> {
  children.clear()
  const { effects } = await play(scenario, undefined, 'two#1', isIdempotent)
  const wrong: string[] = []
  for (const [next, lateMs] of survivors)
    for (const mode of modes)
      for (let at = 1; at <= effects.length; at++) {
        children.clear()
        points += 1
        const where = `${mode} ${at} (${effects[at - 1]}), ${next} goes on`
        try {
          const { state, net, faults } = await play(scenario, { at, mode, lateMs }, next, isIdempotent)
          const isLegal = scenario.ends.some((end) => end.state === state && isSame(end.net, net))
          if (!isLegal) wrong.push(`${where}: ${state} ${JSON.stringify(net)}`)
          for (const fault of faults) wrong.push(`${where}: ${fault}`)
        } catch (error) {
          wrong.push(`${where}: ${String(error)}`)
        }
      }
  return wrong
}

const isSame = (one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): boolean =>
  Object.keys(one).length === Object.keys(other).length &&
  Object.entries(one).every(([name, count]) => other[name] === count)

describe('a host that is killed at any point', () => {
  it.each(Object.entries(scenarios))(
    '%s: ends as it may, with each effect once or not at all',
    async (_name, scenario) => {
      expect(await enumerate(scenario)).toEqual([])
    },
    60_000,
  )

  it('is seen to do something twice by a participant that keeps no keys', async () => {
    const wrong = await enumerate(cancelled, false)
    expect(wrong.filter((line) => line.includes('"reserve":2')).length).toBeGreaterThan(0)
  })
})
