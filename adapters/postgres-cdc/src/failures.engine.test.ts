// Two readers, a paused one, a server that dies, a consumer that is slow: each change once, whatever happens.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, describeEngines, eventually, run } from './testing/engines.ts'
import { findFaults } from './testing/ledger.ts'
import { createRig, mirror, type Rig, startStreaming } from './testing/mirror.ts'
import { startReader } from './testing/reader.ts'

const table = 'CREATE TABLE customer (id bigint PRIMARY KEY, n int NOT NULL, pad text)'

describeEngines(
  'a reader',
  (engine) => {
    let rig: Rig
    beforeEach(async () => {
      rig = await createRig(engine(), 'crm')
      await run(rig.url, table)
    })
    afterEach(() => rig.close())

    test('waits while another reads, and takes over at once when that one stops', async () => {
      const first = rig.source({ leaseMs: 60_000 })
      await startStreaming(first)
      const second = rig.source({ leaseMs: 5_000 })
      await second.start()
      await eventually(
        () => second.state,
        (state) => state === 'waiting',
      )
      await run(rig.url, 'INSERT INTO customer VALUES (1, 0)')
      await eventually(rig.labels, (labels) => labels.length === 1)
      expect([first.state, second.state]).toEqual(['streaming', 'waiting'])
      await first.stop()
      await eventually(
        () => second.state,
        (state) => state === 'streaming',
        5_000,
      )
      await run(rig.url, 'INSERT INTO customer VALUES (2, 0)')
      expect(await eventually(rig.labels, (labels) => labels.length >= 2)).toEqual([
        'insert customer/1',
        'insert customer/2',
      ])
      expect((await second.status()).epoch).toBe(String(Number((await first.status()).epoch)))
    })

    test('that was paused is succeeded within its lease, and writes nothing when it wakes', async () => {
      const reader = await startReader({
        url: rig.url,
        target: rig.target,
        name: 'crm',
        leaseMs: 1_000,
        batchEvents: 10,
      })
      await run(rig.url, 'INSERT INTO customer SELECT i, 0 FROM generate_series(1, 50) i')
      await eventually(rig.labels, (labels) => labels.length >= 50)
      await run(rig.url, 'UPDATE customer SET n = n + 1')
      reader.kill('SIGSTOP')
      const pausedMs = performance.now()
      const [before] = await ask(rig.target, 'SELECT epoch FROM banyan.change_source')
      const successor = rig.source({ leaseMs: 1_000 })
      await startStreaming(successor)
      expect(performance.now() - pausedMs).toBeLessThan(15_000)
      await run(rig.url, 'UPDATE customer SET n = n + 1; INSERT INTO customer VALUES (100, 0)')
      await eventually(rig.labels, (labels) => labels.includes('insert customer/100'))
      reader.kill('SIGCONT')
      await run(rig.url, 'UPDATE customer SET n = n + 1; INSERT INTO customer VALUES (101, 0)')
      await eventually(rig.labels, (labels) => labels.includes('insert customer/101'))
      await eventually(reader.output, (output) => /gone|taken over|waiting|failed|did not start/.test(output))
      expect(await findFaults(rig.url, await rig.published())).toEqual([])
      const [after] = await ask(rig.target, 'SELECT epoch FROM banyan.change_source')
      expect(Number(after?.['epoch'])).toBeGreaterThan(Number(before?.['epoch']))
      reader.kill('SIGKILL')
      await reader.ended
      await eventually(
        () => successor.state,
        (state) => state === 'streaming',
      )
    })

    test('goes on after a commit whose answer was lost, and after one that failed', async () => {
      let faults = 4
      const store = Object.create(rig.store, {
        transact: {
          value: async (...given: Parameters<typeof rig.store.transact>) => {
            faults -= 1
            if (faults === 2) throw new Error('not even begun')
            const result = await rig.store.transact(...given)
            if (faults === 0) throw new Error('the answer was lost')
            return result
          },
        },
      })
      const source = rig.source({ into: store, batchEvents: 10 })
      await source.start()
      await eventually(
        () => source.state,
        (state) => state === 'streaming',
      )
      for (let n = 0; n < 5; n += 1)
        await run(
          rig.url,
          `INSERT INTO customer SELECT i, 0 FROM generate_series(${n * 30}, ${n * 30 + 29}) i; UPDATE customer SET n = n + 1 WHERE id < 10`,
        )
      const [end] = await ask(rig.url, 'SELECT count(*)::int + sum(n)::int AS changes FROM customer')
      await eventually(rig.labels, (labels) => labels.length >= Number(end?.['changes']))
      expect(faults).toBeLessThan(0)
      expect(await findFaults(rig.url, await rig.published())).toEqual([])
      expect((await source.status()).lastError).toBeDefined()
    })

    test('is slower than the source: memory stays bounded, and the server does not give up on it', async () => {
      await ask(rig.url, "ALTER SYSTEM SET wal_sender_timeout = '2s'")
      await ask(rig.url, 'SELECT pg_reload_conf()')
      const buffered: number[] = []
      const store = Object.create(rig.store, {
        transact: {
          value: async (...given: Parameters<typeof rig.store.transact>) => {
            if (source.state === 'streaming' && buffered.length < 3) {
              // Longer than wal_sender_timeout: only who answers while it waits keeps its connection.
              await ask(rig.target, 'SELECT pg_sleep(3)')
              buffered.push((await source.status()).bufferedBytes)
            }
            return rig.store.transact(...given)
          },
        },
      })
      const bufferBytes = 256 * 1024
      const source = rig.source({
        into: store,
        bufferBytes,
        toEvent: (change, publish) => {
          if ('new' in change) mirror({ ...change, new: { id: change.new['id'] ?? null, n: 0 } }, publish)
        },
      })
      await startStreaming(source)
      await run(rig.url, 'INSERT INTO customer SELECT i, 0, repeat(md5(i::text), 100) FROM generate_series(1, 6000) i')
      await eventually(rig.labels, (labels) => labels.length >= 6_000, 40_000)
      expect(await findFaults(rig.url, await rig.published())).toEqual([])
      expect((await source.status()).lastError).toBeUndefined()
      // 19 MB were on their way. One read of the socket and one row may come on top of the bound.
      expect(Math.max(...buffered)).toBeGreaterThan(bufferBytes / 2)
      expect(Math.max(...buffered)).toBeLessThan(bufferBytes + 128 * 1024)
      await ask(rig.url, 'ALTER SYSTEM RESET wal_sender_timeout')
      await ask(rig.url, 'SELECT pg_reload_conf()')
    })
  },
  { mostlyOn: 'embedded' },
)

describeEngines('a server', (engine) => {
  test('that dies in the middle, again and again, loses and doubles nothing', async () => {
    const rig = await createRig(engine(), 'crm')
    await run(rig.url, `${table}; INSERT INTO customer SELECT i, 0 FROM generate_series(1, 500) i`)
    const source = rig.source({ batchEvents: 25 })
    await startStreaming(source)
    for (let round = 0; round < 3; round += 1) {
      await run(
        rig.url,
        `UPDATE customer SET n = n + 1; INSERT INTO customer SELECT ${round} * 1000 + i, 0 FROM generate_series(1000, 1100) i`,
      )
      await engine().crash()
      await engine().restart()
    }
    await eventually(
      () =>
        run(rig.url, 'UPDATE customer SET n = n + 1').then(
          () => true,
          () => false,
        ),
      (done) => done,
    )
    const [end] = await ask(rig.url, 'SELECT count(*)::int + sum(n)::int AS changes FROM customer')
    await eventually(
      () => rig.labels().catch(() => []),
      (labels) => labels.length >= Number(end?.['changes']),
      40_000,
    )
    expect(await findFaults(rig.url, await rig.published())).toEqual([])
    expect((await source.status()).generation).toBe(1)
    await rig.close()
  })
})
