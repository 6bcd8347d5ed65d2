// What becomes of messages, without a broker: in memory and virtual time.
import { createVirtualEnvironment, type VirtualEnvironment } from 'banyan/core'
import { type Assignment, createMemoryStore, Fenced, type Store } from 'banyan/store'
import { beforeEach, expect, test } from 'vitest'
import { badMessage, type RabbitMessage } from './from-message.ts'
import { fromKeptText, keptBytes, toKeptText } from './kept-message.ts'
import { createMakeEvents, type MakeEvents } from './make-events.ts'
import { sourceOf, withDefaults } from './options.ts'
import { createTakeIn, type TakeIn } from './take-in.ts'

const group = 'bridge:legacy'
let environment: VirtualEnvironment
let store: Store
let assignment: Assignment
beforeEach(async () => {
  environment = createVirtualEnvironment({ seed: 1 })
  store = createMemoryStore({ environment, service: 'orders' })
  assignment = (await store.inbox.claim(group, sourceOf('q'), 'a#1', 600_000, 0)) as Assignment
})

const messageOf = (text: string | Buffer, more: Partial<RabbitMessage> = {}): RabbitMessage => ({
  content: Buffer.from(text),
  routingKey: 'q',
  exchange: '',
  redelivered: false,
  messageId: `m-${text}`,
  contentType: undefined,
  type: undefined,
  correlationId: undefined,
  headers: { tenant: 'a' },
  ...more,
})
/** Each line of a message is an event; `bad` is none until it is healed. */
let healed = false
const lines: MakeEvents = (message, facts) => {
  const text = message.content.toString()
  if (text.includes('bad') && !healed) throw badMessage('it is bad')
  return text.split('\n').flatMap((line, place) => {
    const toEvent = () => ({ type: 'orders.imported.v1', key: line, data: { line, tenant: message.headers['tenant'] } })
    const make = createMakeEvents('shop', 'orders', toEvent)
    return line === '' ? [] : make(message, { ...facts, idOf: () => facts.idOf(place) })
  })
}
const create = (makeEvents = lines): TakeIn =>
  createTakeIn(withDefaults({ environment, url: '', queue: 'q', store, holder: 'a#1', group, makeEvents }))
const published = async (): Promise<unknown[]> =>
  (await store.outbox.read(undefined, 10_000)).events.map(({ envelope }) => JSON.parse(envelope).data)
const linesOut = async (): Promise<unknown[]> => (await published()).map((data) => (data as { line: string }).line)

test('a message becomes as many events as it says, none included, in one transaction with its mark', async () => {
  const takeIn = create()
  await takeIn.apply(assignment, [messageOf('a\nb'), messageOf(''), messageOf('c')])
  await create().apply(assignment, [messageOf('a\nb'), messageOf('d')])
  expect(await linesOut()).toEqual(['a', 'b', 'c', 'd'])
  expect(takeIn.counts).toMatchObject({ taken: 3, parked: 0 })
  const ids = (await store.outbox.read(undefined, 10)).events.map(({ id }) => id)
  expect(new Set(ids).size).toBe(4)
})

test('a batch of more events than one transaction takes goes message by message', async () => {
  const long = Array.from({ length: 90 }, (_, index) => `${index}`).join('\n')
  const batch = Array.from({ length: 20 }, (_, index) => messageOf(long, { messageId: `m-${index}` }))
  const takeIn = create()
  await takeIn.apply(assignment, batch)
  expect([(await published()).length, takeIn.counts.taken]).toEqual([1_800, 20])
})

test('what is parked is kept whole, and taken in when it is asked for and can be read now', async () => {
  healed = false
  const takeIn = create()
  await takeIn.apply(assignment, [messageOf('bad 1'), messageOf('good'), messageOf('bad 2', { messageId: undefined })])
  expect(takeIn.counts).toMatchObject({ taken: 1, parked: 2 })
  const replay = (): Promise<number> => store.inbox.replay({ group, source: sourceOf('q'), all: true })
  expect(await replay()).toBe(2)
  await environment.advance(1_500)
  await takeIn.tidy(assignment)
  expect((await store.inbox.parked(10)).map(({ replays, attempts }) => [replays, attempts])).toEqual([
    [1, 2],
    [1, 2],
  ])
  healed = true
  await environment.advance(1_500)
  await takeIn.tidy(assignment)
  expect(await linesOut()).toEqual(['good'])
  await replay()
  await environment.advance(1_500)
  await takeIn.tidy(assignment)
  expect(await published()).toEqual(['good', 'bad 1', 'bad 2'].map((line) => ({ line, tenant: 'a' })))
  expect([await store.inbox.parked(10), takeIn.counts.replayed]).toEqual([[], 2])
  // Sent again, it is known.
  await takeIn.apply(assignment, [messageOf('bad 1')])
  expect((await published()).length).toBe(3)
  healed = false
})

test('a replay whose commit answers nothing is not done twice, and one under an old epoch not at all', async () => {
  const first = create()
  await first.apply(assignment, [messageOf('bad')])
  await store.inbox.replay({ group, source: sourceOf('q'), all: true })
  healed = true
  const honest = store.transact
  let failures = 1
  const unsure: Store = Object.create(store, {
    transact: {
      value: async (...given: Parameters<Store['transact']>) => {
        const result = await honest(...given)
        if (failures-- > 0) throw new Error('the answer to COMMIT was lost')
        return result
      },
    },
  })
  const plain = store
  store = unsure
  const second = create()
  store = plain
  await environment.advance(1_500)
  await expect(second.tidy(assignment)).rejects.toThrow('lost')
  await environment.advance(1_500)
  await second.tidy(assignment)
  expect(await linesOut()).toEqual(['bad'])
  expect(await store.inbox.replays(group, sourceOf('q'), 10)).toEqual([])

  healed = false
  await second.apply(assignment, [messageOf('bad too')])
  await store.inbox.replay({ group, source: sourceOf('q'), all: true })
  healed = true
  await environment.advance(700_000)
  await store.inbox.claim(group, sourceOf('q'), 'b#1', 60_000, 0)
  await expect(second.tidy(assignment)).rejects.toBeInstanceOf(Fenced)
  expect(await linesOut()).toEqual(['bad'])
  healed = false
})

test('a replay keeps its pace', async () => {
  const takeIn = create()
  const many = Array.from({ length: 30 }, (_, index) => messageOf(`bad ${index}`))
  await takeIn.apply(assignment, many)
  healed = true
  await store.inbox.replay({ group, source: sourceOf('q'), all: true }, { perSecond: 5 })
  for (let second = 0; second < 3; second++) {
    await environment.advance(1_000)
    await takeIn.tidy(assignment)
  }
  expect((await published()).length).toBe(15)
  healed = false
})

test('messages are kept whole up to a bound, bodies that are no text too', () => {
  const binary = messageOf(Buffer.from([0x22, 0xff, 0x00, 0x22]), { headers: { deep: { n: [1, 'two'] } } })
  expect(fromKeptText(toKeptText(binary))).toEqual(binary)
  const text = messageOf('ä\u0000"\n')
  expect(fromKeptText(toKeptText(text))).toEqual(text)
  const large = messageOf('x'.repeat(keptBytes + 1), { messageId: 'm' })
  expect(toKeptText(large).length).toBeLessThan(keptBytes + 1_000)
  expect(fromKeptText(toKeptText(large))).toBeUndefined()
  expect(fromKeptText('base64: AAAA')).toBeUndefined()
})

test('what was kept in part only stays parked, and says what to do', async () => {
  const takeIn = create()
  await takeIn.apply(assignment, [messageOf(`bad${'x'.repeat(keptBytes)}`)])
  await store.inbox.replay({ group, source: sourceOf('q'), all: true })
  healed = true
  await environment.advance(1_500)
  await takeIn.tidy(assignment)
  expect(await store.inbox.parked(10)).toMatchObject([
    { error: expect.stringContaining('put it into the queue again') },
  ])
  healed = false
})
