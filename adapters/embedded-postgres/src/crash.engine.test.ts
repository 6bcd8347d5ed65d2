// Sudden death of the server's processes: everything acknowledged is there afterwards, at the same address.
import { Client } from 'pg'
import { afterAll, expect, it } from 'vitest'
import { EngineFolder, eventually, isRunning, query } from './testing/engine-folder.ts'

const folder = new EngineFolder()
afterAll(() => folder.close())

/** Inserts one row per transaction until the connection breaks; returns how many were acknowledged. */
async function insertUntilBroken(url: string, onFirst: () => void): Promise<number> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  for (let acknowledged = 0; ; acknowledged++) {
    try {
      await client.query('INSERT INTO entries VALUES ($1)', [acknowledged])
    } catch {
      return acknowledged
    }
    if (acknowledged === 100) onFirst()
  }
}

const count = async (url: string): Promise<number> => {
  const [row] = await query<{ count: number }>(url, 'SELECT count(*)::int FROM entries')
  return row?.count ?? -1
}

it('kill -9 of the postmaster: reported once, restarted with every acknowledged row', async () => {
  const exits: unknown[] = []
  const server = await folder.start('postmaster', { onExit: (info) => exits.push(info) })
  await query(server.url, 'CREATE TABLE entries (id int PRIMARY KEY)')
  const { url, pid } = server
  const acknowledged = await insertUntilBroken(url, () => process.kill(pid, 'SIGKILL'))
  await eventually('onExit is called', () => exits.length > 0)
  expect(exits).toEqual([{ code: null, signal: 'SIGKILL' }])

  await Promise.all([server.restart(), server.restart()])
  expect(server.url).toBe(url)
  expect(server.pid).not.toBe(pid)
  // The statement in flight when it died may be in or not; the acknowledged ones have to be.
  expect(await count(url)).toBeGreaterThanOrEqual(acknowledged)
  expect(await count(url)).toBeLessThanOrEqual(acknowledged + 1)

  await server.restart() // while it runs
  expect(await count(url)).toBeGreaterThanOrEqual(acknowledged)
  await server.stop()
  expect(exits).toHaveLength(1)
})

it('kill -9 of a backend: PostgreSQL recovers by itself and the supervisor stays calm', async () => {
  const exits: unknown[] = []
  const server = await folder.start('backend', { onExit: (info) => exits.push(info) })
  await query(server.url, 'CREATE TABLE entries (id int PRIMARY KEY)')
  const victim = new Client({ connectionString: server.url })
  victim.on('error', () => undefined)
  await victim.connect()
  const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const acknowledged = await insertUntilBroken(server.url, () => process.kill(rows[0]?.pid ?? 0, 'SIGKILL'))
  await expect
    .poll(() => count(server.url).catch(() => -1), { timeout: 30_000, interval: 20 })
    .toBeGreaterThanOrEqual(acknowledged)
  expect(exits).toEqual([])
  await server.stop()
})

it('a backend that is busy and outlives its postmaster does not prevent the restart', async () => {
  const exits: unknown[] = []
  const server = await folder.start('straggler', { onExit: (info) => exits.push(info) })
  const client = new Client({ connectionString: server.url })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const backend = rows[0]?.pid ?? 0
  const endless = expect(client.query('DO $$ BEGIN LOOP END LOOP; END $$')).rejects.toThrow()
  process.kill(server.pid, 'SIGKILL')
  await eventually('onExit is called', () => exits.length > 0)
  expect(isRunning(backend)).toBe(true)
  await server.restart()
  await endless
  expect(isRunning(backend)).toBe(false)
  expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await server.stop()
})

it('stop() after a crash nobody answered gives the folder free', async () => {
  const exits: unknown[] = []
  const first = await folder.start('abandoned', { onExit: (info) => exits.push(info) })
  process.kill(first.pid, 'SIGKILL')
  await eventually('onExit is called', () => exits.length > 0)
  await first.stop()
  const second = await folder.start('abandoned')
  expect(second.freshlyInitialised).toBe(false)
  await second.stop()
})
