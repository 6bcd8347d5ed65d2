// A subscription to the newest version of an event receives the older ones too, brought up to date.
import { expect, it } from 'vitest'
import { toNewEvent } from '../bus/envelope.ts'
import { command, defineContract, event, t } from '../contract/index.ts'
import { defineDatabase } from '../store/define-database.ts'
import { startTestSystem } from '../testing/index.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const People = defineContract('people', {
  version: '1.0.0',
  owner: 'x',
  operations: { rename: command({ input: t.Object({ first: t.String() }), output: t.Object({}) }) },
  events: {
    named: event({
      key: 'id',
      version: 3,
      data: t.Object({ id: t.String(), first: t.String(), last: t.String({ minLength: 1 }) }),
      upcast: {
        1: ({ id, name }: { id: string; name: string }) => ({ id, full: name.trim() }),
        2: ({ id, full }: { id: string; full: string }) => {
          const [first, last] = full.split(' ')
          return { id, first, last }
        },
      },
    }),
  },
})
const heard: string[] = []
const people = defineService(People, {
  database,
  operations: {
    rename: ({ first }, ctx) =>
      ctx.transact(async (tx) => {
        tx.publish(People.events.named, { id: 'p', first, last: 'L' })
        return {}
      }),
  },
  on: (on) => [
    on(People.events.named, async ({ type, data }) => {
      heard.push(`${type} ${data.first} ${data.last}`)
    }),
  ],
})

it('older versions are upcast in a chain and validated; what cannot be is parked', async () => {
  const test = await startTestSystem(
    defineSystem({ name: 'test', services: [service(People, async () => ({ people }))] }),
    {
      shape: 'one',
    },
  )
  const { random, clock } = test.environment
  const store = test.stores.get('people')
  const old = async (type: string, key: string, data: object): Promise<void> =>
    store?.transact(async (tx) =>
      tx.publish(
        toNewEvent({ id: random.uuidv7(), system: 'test', service: 'people', type, key, timeMs: clock.now(), data }),
      ),
    )
  await old('people.named.v1', 'p', { id: 'p', name: ' Ada Lovelace ' })
  await old('people.named.v2', 'p', { id: 'p', full: 'Emmy Noether' })
  await old('people.named.v2', 'q', { id: 'q', full: 'Plato' })
  await old('people.named.v1', 'r', { id: 'r' })
  await test.call(People.rename, { first: 'F' })
  await test.advance(60_000)
  expect(heard).toEqual(['people.named.v1 Ada Lovelace', 'people.named.v2 Emmy Noether', 'people.named.v3 F L'])
  const parked = (await store?.inbox.parked(10)) ?? []
  expect(parked.map(({ key, attempts }) => [key, attempts])).toEqual([
    ['q', 1],
    ['r', 1],
  ])
  expect(parked[0]?.error).toContain('/last')
  await test.stop()
})
