// The guide's service in a host of its own on Postgres, which is killed where it hurts: between a commit and its acknowledgement.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { createPostgresStore, type PostgresStore } from '@banyan/postgres'
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findRabbit, type RabbitServer, startRabbit } from './testing/rabbit-server.ts'
import type { ServiceTask } from './testing/run-service.ts'

const folder = fileURLToPath(new URL('../', import.meta.url))
const patient = { timeout: 30_000 }
const total = 300
const numbers = Array.from({ length: total }, (_, index) => index)

describe.skipIf(findRabbit() === undefined)('a service with bridges', { timeout: 120_000 }, () => {
  let broker: RabbitServer
  let postgres: EmbeddedPostgres
  let dataDir: string
  let connection: ChannelModel
  let channel: ConfirmChannel
  let program: string
  let urls: { readonly store: string; readonly bus: string }
  let store: PostgresStore
  const children: ChildProcess[] = []

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'banyan-bridges-'))
    const [started, server] = await Promise.all([
      startRabbit(),
      startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } }),
    ])
    broker = started
    postgres = server
    connection = await connect(broker.url)
    channel = await connection.createConfirmChannel()
    const guide = await readFile(join(folder, '../../docs/guide/rabbitmq.md'), 'utf8')
    const [, service = ''] = /```ts\n([\s\S]*?)```/.exec(guide) ?? []
    program = `${service}\nimport { runService } from './src/testing/run-service.ts'\nawait runService(orders)\n`
    const admin = await createPostgresStore({ url: postgres.url, service: 'admin', maxConnections: 1 })
    for (const name of ['bridged_orders', 'bridged_bus'])
      await admin.sql(Object.assign([`CREATE DATABASE ${name}`], { raw: [] }))
    await admin.close()
    const at = (name: string): string => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href
    urls = { store: at('bridged_orders'), bus: at('bridged_bus') }
    store = await createPostgresStore({ url: urls.store, service: 'orders', maxConnections: 2 })
    await store.migrate([])
    await channel.assertQueue('legacy-orders', { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await channel.assertExchange('shop', 'topic', { durable: true })
    await channel.assertQueue('partner', { durable: true })
    await channel.bindQueue('partner', 'shop', 'orders.#')
  }, 180_000)
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  afterAll(async () => {
    await connection?.close().catch(() => undefined)
    await store?.close()
    await Promise.all([broker?.stop(), postgres?.stop()])
    await rm(dataDir, { recursive: true, force: true })
  })

  function start(die?: ServiceTask['die']): { readonly child: ChildProcess; readonly output: () => string } {
    const task = { ...urls, instance: 'host-1', ...(die === undefined ? {} : { die }) } satisfies ServiceTask
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
      cwd: folder,
      env: { ...process.env, RABBIT_URL: broker.url, BANYAN_TEST_TASK: JSON.stringify(task) },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)))
    children.push(child)
    return { child, output: () => output }
  }
  async function dies(die: NonNullable<ServiceTask['die']>): Promise<void> {
    const { child, output } = start(die)
    const [code, signal] = await once(child, 'exit')
    expect([code, signal, output()]).toEqual([null, 'SIGKILL', expect.any(String)])
  }
  const send = async (all: readonly (readonly [id: string, body: string])[]): Promise<void> => {
    for (const [messageId, body] of all)
      channel.sendToQueue('legacy-orders', Buffer.from(body), { persistent: true, messageId })
    await channel.waitForConfirms()
  }
  const stateOf = async (bridge: string): Promise<Record<string, unknown> | undefined> => {
    const known = (await store.bridges.known()).find((one) => one.bridge === bridge)
    return known && { state: known.state, ...known.report }
  }
  const outcomeOf = async (bridge: string, id: string): Promise<unknown> =>
    (await store.bridges.requests(bridge, 100)).find((one) => one.id === id)?.outcome

  it('takes each message in once and sends each event at least once under its id, wherever it is killed', async () => {
    const found: { readonly id: string; readonly orderId: string; readonly total: number }[] = []
    await channel.consume('partner', (message) => {
      if (message === null) return
      found.push({ id: String(message.properties.messageId), ...JSON.parse(message.content.toString()) })
      channel.ack(message)
    })
    await send(numbers.map((number) => [`m-${number}`, `o-${number % 5};${number}`]))
    await dies({ bridge: 'legacy', when: 'after', transaction: 2 })
    await dies({ bridge: 'legacy', when: 'before', transaction: 2 })
    await dies({ bridge: 'partners', when: 'before', transaction: 40 })
    await dies({ bridge: 'partners', when: 'after', transaction: 40 })
    const { child, output } = start()
    await expect.poll(() => new Set(found.map(({ id }) => id)).size, patient).toBe(total)
    // What came twice came under the same id; what is distinct is what was sent, once, and in order per key.
    const first = [...new Map(found.toReversed().map((one) => [one.id, one])).values()].toReversed()
    expect(first.map((one) => one.total).toSorted((a, b) => a - b)).toEqual(numbers)
    for (const key of [0, 1, 2, 3, 4]) {
      const own = first.filter(({ orderId }) => orderId === `o-${key}`).map((one) => one.total)
      expect(own).toEqual(own.toSorted((a, b) => a - b))
    }
    expect(found.length).toBeGreaterThan(total)
    await expect
      .poll(() => stateOf('partners'), patient)
      .toMatchObject({ state: 'working', lag: { count: 0, unit: 'events' } })
    expect((await channel.checkQueue('legacy-orders')).messageCount).toBe(0)
    child.stdin?.end()
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(await stateOf('legacy')).toMatchObject({ state: 'stopped', actions: ['replay', 'skip'] })
    expect(output()).not.toContain('guest:guest')
    await channel.cancel('partner').catch(() => undefined)
  })

  it('parks what breaks the contract, whole, and replays or gives it up when it is asked', async () => {
    const { child } = start()
    await send([
      ['bad-1', 'o-9;much'],
      ['bad-2', 'o-9;more'],
      ['good', 'o-9;1000'],
    ])
    const parked = async () => (await store.inbox.parked(10)).filter(({ group }) => group === 'bridge:legacy')
    await expect.poll(async () => (await parked()).length, patient).toBe(2)
    const [one] = await parked()
    expect(one?.error).toContain('orders.imported.v1 does not fit its schema')
    expect(JSON.parse(one?.envelope ?? '')).toMatchObject({ messageId: 'bad-1', body: 'o-9;much' })
    await expect
      .poll(() => stateOf('legacy'), patient)
      .toMatchObject({ alarms: ['2 messages are parked (banyan bridges parked)'] })
    const ask = (action: string, detail: object): Promise<string> =>
      store.bridges.ask({ bridge: 'legacy', action, detail: { ...detail }, by: 'ada' })
    // As if toEvent had been corrected: what is kept says something else now.
    await store.sql`UPDATE banyan.parked SET envelope = replace(envelope, 'o-9;much', 'o-9;2000')`
    const replay = await ask('replay', { all: true })
    await expect.poll(() => outcomeOf('legacy', replay), patient).toEqual({ ok: true, message: 'tries 2 again' })
    await expect.poll(async () => (await parked()).map(({ replays }) => replays), patient).toEqual([1])
    const skip = await ask('skip', { all: true, why: 'nobody knows what it was' })
    await expect.poll(() => outcomeOf('legacy', skip), patient).toEqual({ ok: true, message: 'gave 1 up' })
    expect(await parked()).toEqual([])
    child.stdin?.end()
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
