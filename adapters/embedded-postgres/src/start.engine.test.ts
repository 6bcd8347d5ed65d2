// A start as a user sees it: a database that answers, closed to everybody else, the same data the second time.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EngineFolder, isRunning, query, serversOf } from './testing/engine-folder.ts'

const folder = new EngineFolder()
afterAll(() => folder.close())

const mode = (path: string): number => statSync(path).mode & 0o777
const identity = async (url: string): Promise<string> => {
  const [row] = await query<{ id: string }>(url, 'SELECT system_identifier::text AS id FROM pg_control_system()')
  return row?.id ?? ''
}

describe('a fresh database', () => {
  let url = ''
  beforeAll(async () => {
    url = (await folder.start('fresh')).url
  })

  it('is a PostgreSQL 18 superuser away from empty, in UTF-8 with a locale of its own', async () => {
    const [row] = await query(
      url,
      `SELECT current_setting('server_version_num')::int / 10000 AS major, usesuper, pg_encoding_to_char(encoding) AS encoding, datlocale
       FROM pg_database, pg_user WHERE datname = 'postgres' AND usename = current_user`,
    )
    expect(row).toEqual({ major: 18, usesuper: true, encoding: 'UTF8', datlocale: 'C.UTF-8' })
  })

  it('is durable and ready for logical replication', async () => {
    const names = [
      'fsync',
      'full_page_writes',
      'synchronous_commit',
      'wal_level',
      'jit',
      'max_connections',
      'data_checksums',
    ]
    const rows = await query(url, `SELECT name, setting FROM pg_settings WHERE name IN ('${names.join("','")}')`)
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      wal_level: 'logical',
      jit: 'off',
      max_connections: '120',
      data_checksums: 'on',
    })
  })

  it('keeps everybody else out: folder, password, socket, no TCP, scram only', async () => {
    expect(mode(folder.dataDir('fresh'))).toBe(0o700)
    expect(mode(join(folder.dataDir('fresh'), 'password'))).toBe(0o600)
    const server = new URL(url)
    if (process.platform !== 'win32') {
      expect(mode(decodeURIComponent(server.hostname))).toBe(0o700)
      expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '' }])
    }
    const methods = await query<{ auth_method: string }>(url, 'SELECT DISTINCT auth_method FROM pg_hba_file_rules')
    expect(methods).toEqual([{ auth_method: 'scram-sha-256' }])
    server.password = 'wrong'
    const client = new Client({ connectionString: server.href })
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' })
  })

  it('says so, and a second one has another identity', async () => {
    const other = await folder.start('other')
    expect(other.freshlyInitialised).toBe(true)
    expect(await identity(other.url)).not.toBe(await identity(url))
    await other.stop()
  })
})

describe('stop and start', () => {
  it('keeps data, address, password and identity, and answers soon', async () => {
    const first = await folder.start('kept')
    await query(first.url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id')
    const before = { url: first.url, identity: await identity(first.url) }
    await first.stop()
    await first.stop()
    expect(isRunning(first.pid)).toBe(false)
    expect(existsSync(first.host)).toBe(false)

    const startedAt = performance.now()
    const second = await folder.start('kept')
    expect(await query(second.url, 'SELECT count(*)::int FROM kept')).toEqual([{ count: 1000 }])
    // 0.13 s where measured; the limit leaves room for a machine that is busy with other things.
    expect(performance.now() - startedAt).toBeLessThan(1500)
    expect({ url: second.url, identity: await identity(second.url) }).toEqual(before)
    expect(second.freshlyInitialised).toBe(false)
    await second.stop()
    await expect(second.restart()).rejects.toMatchObject({ code: 'STOPPED' })
  })

  it('ends open sessions and transactions instead of waiting for them', async () => {
    const server = await folder.start('busy')
    const client = new Client({ connectionString: server.url })
    client.on('error', () => undefined)
    await client.connect()
    await client.query('BEGIN')
    await client.query('CREATE TABLE undone (id int)')
    const sleeping = expect(client.query('SELECT pg_sleep(600)')).rejects.toThrow()
    await server.stop()
    await sleeping
    expect(serversOf(folder.dataDir('busy'))).toEqual([])
  })

  it('sets a new password when the file was lost', async () => {
    const first = await folder.start('forgetful')
    await query(first.url, 'CREATE TABLE remembered (id int)')
    await first.stop()
    rmSync(join(folder.dataDir('forgetful'), 'password'))
    const second = await folder.start('forgetful')
    expect(second.password).not.toBe(first.password)
    expect(await query(second.url, 'SELECT count(*)::int FROM remembered')).toEqual([{ count: 0 }])
    await second.stop()
  })

  it('says what to do when the password was changed behind our back', async () => {
    const first = await folder.start('changed')
    await query(first.url, "ALTER ROLE postgres PASSWORD 'other'")
    await first.stop()
    await expect(folder.start('changed')).rejects.toMatchObject({ code: 'NOT_PERMITTED', hint: /Delete that file/ })
    expect(serversOf(folder.dataDir('changed'))).toEqual([])
    rmSync(join(folder.dataDir('changed'), 'password'))
    await (await folder.start('changed')).stop()
  })
})

describe('options', () => {
  it('passes settings on and logs lines', async () => {
    const lines: string[] = []
    const settings = { work_mem: '5MB', log_min_duration_statement: 0, 'auto_explain.log_format': 'json' }
    const server = await folder.start('settings', { settings, maxConnections: 30, log: (line) => lines.push(line) })
    expect(await query(server.url, 'SHOW work_mem')).toEqual([{ work_mem: '5MB' }])
    expect(await query(server.url, 'SHOW max_connections')).toEqual([{ max_connections: '30' }])
    await server.stop()
    expect(lines.join('\n')).toContain('statement: SHOW work_mem')
    expect(lines.join('\n')).not.toContain(server.password)
  })

  it('explains a setting PostgreSQL does not take, and leaves nothing running', async () => {
    const start = folder.start('refused', { settings: { no_such_setting: 1 } })
    await expect(start).rejects.toMatchObject({ code: 'BAD_SETTING', message: /no_such_setting/ })
    expect(serversOf(folder.dataDir('refused'))).toEqual([])
  })
})

describe('a data folder that cannot be used', () => {
  it('of another PostgreSQL version is refused, not touched', async () => {
    await (await folder.start('old')).stop()
    const versionFile = join(folder.dataDir('old'), 'cluster', 'PG_VERSION')
    writeFileSync(versionFile, '17\n')
    await expect(folder.start('old')).rejects.toMatchObject({
      code: 'WRONG_VERSION',
      message: /PostgreSQL 17, this is 18/,
    })
    expect(readFileSync(versionFile, 'utf8')).toBe('17\n')
  })

  it('with a damaged control file is CORRUPT', async () => {
    await (await folder.start('damaged')).stop()
    const control = join(folder.dataDir('damaged'), 'cluster', 'global', 'pg_control')
    const bytes = readFileSync(control)
    bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40)
    writeFileSync(control, bytes)
    await expect(folder.start('damaged')).rejects.toMatchObject({ code: 'CORRUPT', hint: /backup/ })
  })

  it('without its log is CORRUPT', async () => {
    await (await folder.start('logless')).stop()
    rmSync(join(folder.dataDir('logless'), 'cluster', 'pg_wal'), { recursive: true })
    await expect(folder.start('logless')).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})
