// The test server itself: it serves, survives a crash, and never outlives the process that started it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { findPostgres, startPostgresServer } from './postgres-server.ts'

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  client.on('error', () => {}) // a crash ends the connection; the test looks at the server, not at the client
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

describe.skipIf(!findPostgres().found)('a throw-away server', () => {
  test('serves, keeps committed rows over a crash, and leaves nothing behind', async () => {
    const server = await startPostgresServer({ settings: { max_connections: 17 } })
    try {
      expect(await ask(server.url, 'show max_connections')).toEqual(['17'])
      await ask(server.url, 'create table kept as select 42 as answer')
      const before = server.pid
      await server.crash()
      await expect(ask(server.url, 'select 1')).rejects.toThrow()
      await server.restart()
      expect(server.pid).not.toBe(before)
      expect(await ask(server.url, 'select answer from kept')).toEqual([42])
    } finally {
      await server.stop()
    }
    expect(existsSync(server.dataDirectory)).toBe(false)
    await expect(ask(server.url, 'select 1')).rejects.toThrow()
    await server.stop()
  })

  test('refuses a wrong password', async () => {
    await using server = await startPostgresServer()
    const wrong = server.url.replace(server.password, 'wrong')
    await expect(ask(wrong, 'select 1')).rejects.toThrow(/password authentication failed/)
  })

  test('ends when the process that started it is killed', async () => {
    const script = `import { startPostgresServer } from ${JSON.stringify(`${import.meta.dirname}/postgres-server.ts`)}
      const server = await startPostgresServer()
      console.log(JSON.stringify({ pid: server.pid, folder: server.dataDirectory }))
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(child.stdout, 'data')
    const { pid, folder } = JSON.parse(String(line))
    expect(existsSync(folder)).toBe(true)
    child.kill('SIGKILL')
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 10_000 })
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 10_000 })
  })

  test('says what the server said when it cannot start', async () => {
    await expect(startPostgresServer({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
      /did not start.*invalid value for parameter "shared_buffers"/s,
    )
  })
})
