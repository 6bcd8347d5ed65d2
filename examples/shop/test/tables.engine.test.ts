// Each service writes down its tables twice: as migrations, which the database believes, and as an interface, which the query
// builder believes. Nothing but this test holds the two together.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresStore, filePasswords, loadMigrations, type Provisioned, provision } from '@banyan/postgres'
import { findPostgres, type PostgresServer, startPostgresServer } from '@banyan/tools/postgres-server'
import {
  compareTables,
  readDeclaredTables,
  type SchemaRow,
  schemaQuery,
  type Tables,
  toTables,
} from '@banyan/tools/tables'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import system from '../system.ts'

const services = system.services.map(({ contract }) => contract.name)
const place = (path: string): URL => new URL(`../${path}`, import.meta.url)

describe.skipIf(!findPostgres().found)('the tables of the shop', () => {
  let server: PostgresServer
  let folder: string
  let provisioned: Provisioned
  beforeAll(async () => {
    server = await startPostgresServer()
    folder = await mkdtemp(join(tmpdir(), 'banyan-tables-'))
    provisioned = await provision({
      adminUrl: server.url,
      system: 'shop',
      services,
      passwords: filePasswords(folder),
    })
  })
  afterAll(async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  /** What is there after the service's migrations, read as the service itself. */
  async function liveTables(service: string): Promise<Tables> {
    const store = await createPostgresStore({ url: provisioned.services[service] as string, service })
    try {
      await store.migrate(await loadMigrations(place(`${service}/migrations/`)))
      return toTables((await sql.raw<SchemaRow>(schemaQuery).execute(store.db)).rows)
    } finally {
      await store.close()
    }
  }
  const readText = (service: string): Promise<string> => readFile(place(`${service}/tables.ts`), 'utf8')
  const nameOf = (service: string): string => `${service.charAt(0).toUpperCase()}${service.slice(1)}Tables`

  it.each(services)('of %s are as declared', async (service) => {
    const live = await liveTables(service)
    expect(live.size).toBeGreaterThan(0)
    const declared = readDeclaredTables(`${service}/tables.ts`, await readText(service), nameOf(service))
    expect(compareTables(declared, live)).toEqual([])
  })

  it('would be told apart from an interface that has drifted away', async () => {
    const text = (await readText('payments'))
      .replace('charge_id: string | null', 'charge_id: string')
      .replace('authorized: number', 'authorized: string')
      .replace('refunded: number', 'returned: number')
    const declared = readDeclaredTables('payments/tables.ts', text, nameOf('payments'))
    expect(compareTables(declared, await liveTables('payments'))).toEqual([
      'payment.authorized: declared as text, in the database number',
      'payment.charge_id: declared not null, in the database nullable',
      'payment.refunded: in the database, and not declared',
      'payment.returned: declared, and no migration creates it',
    ])
  })
})
