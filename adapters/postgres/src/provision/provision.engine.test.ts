/** Roles and databases on real servers: made once, kept apart, mended. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createPostgresBus } from '../bus/postgres-bus.ts'
import { createPostgresStore } from '../store/postgres-store.ts'
import { asAdmin, describeEngines, sameServer } from '../testing/engines.ts'
import { newEvent, rejection } from '../testing/fixtures.ts'
import { filePasswords } from './passwords.ts'
import { type Provisioned, provision } from './provision.ts'

describeEngines(
  'provision',
  (engine) => {
    let folder: string
    let system: string
    let count = 0
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'banyan-passwords-'))
      count += 1
      system = `shop${count}`
    })
    afterEach(async () => rm(folder, { recursive: true, force: true }))
    const make = (given: Partial<Parameters<typeof provision>[0]> = {}): Promise<Provisioned> =>
      provision({
        adminUrl: engine().url,
        system,
        services: ['orders', 'order-history'],
        passwords: filePasswords(folder),
        ...given,
      })

    it('gives each service a database and a role with which store and bus work', async () => {
      const { services, bus } = await make()
      expect(Object.keys(services)).toEqual(['orders', 'order-history'])
      for (const url of Object.values(services)) {
        const store = await createPostgresStore({ url, service: 'orders' })
        await store.migrate([])
        await store.transact(async (tx) => tx.publish(newEvent('a')))
        expect(await store.outbox.depth()).toBe(1)
        await store.close()
      }
      const log = await createPostgresBus({ url: bus })
      await log.ping()
      await log.close()
    })

    it('gives the schema registry a database of its own when it is asked for', async () => {
      expect((await make()).schemas).toBeUndefined()
      const { schemas = '', services } = await make({ schemas: true })
      expect(new URL(schemas).pathname).toBe(`/${system}__schemas`)
      const store = await createPostgresStore({ url: schemas, service: 'schemas' })
      await store.migrate([])
      await store.close()
      const intruder = new URL(services['orders'] ?? '')
      intruder.pathname = new URL(schemas).pathname
      const nosy = await createPostgresStore({ url: intruder.toString(), service: 'orders' })
      expect(await rejection(nosy.ping())).toMatchObject({ cause: { code: '42501' } })
      await nosy.close()
      expect(await make({ schemas: true, overrides: { schemas: 'postgresql://elsewhere/x' } })).toMatchObject({
        schemas: 'postgresql://elsewhere/x',
      })
    })

    it('lets no service into the database of another, nor read its tables', async () => {
      const { services, bus } = await make()
      const url = services['orders'] ?? ''
      const store = await createPostgresStore({ url, service: 'orders' })
      await store.migrate([{ name: '001-secret', checksum: 'c', up: 'CREATE TABLE secret (n int)' }])
      const intruder = new URL(services['order-history'] ?? '')
      intruder.pathname = new URL(url).pathname
      const nosy = await createPostgresStore({ url: intruder.toString(), service: 'order-history' })
      expect(await rejection(nosy.sql`SELECT * FROM secret`)).toMatchObject({ cause: { code: '42501' } })
      intruder.pathname = new URL(bus).pathname
      const nosier = await createPostgresStore({ url: intruder.toString(), service: 'order-history' })
      expect(await rejection(nosier.ping())).toMatchObject({ cause: { code: '42501' } })
      // Were it let in all the same, the tables would still be shut.
      const name = new URL(services['order-history'] ?? '').username
      await asAdmin(engine().url, (admin) => admin.script(`GRANT CONNECT ON DATABASE "${system}__orders" TO "${name}"`))
      expect(await rejection(nosy.sql`SELECT * FROM public.secret`)).toMatchObject({ cause: { code: '42501' } })
      expect(await rejection(nosy.sql`SELECT * FROM banyan.outbox`)).toMatchObject({ cause: { code: '42501' } })
      await Promise.all([store.close(), nosy.close(), nosier.close()])
    })

    it('makes roles that can do nothing to the server', async () => {
      const { services } = await make()
      const store = await createPostgresStore({ url: services['orders'] ?? '', service: 'orders' })
      const [row] = await store.sql`SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
      FROM pg_roles WHERE rolname = current_user`
      expect(Object.values(row ?? {})).toEqual([false, false, false, false, false])
      for (const text of ['CREATE ROLE evil', 'CREATE DATABASE evil', "COPY (SELECT 1) TO PROGRAM 'true'"])
        expect(await rejection(asAdmin(services['orders'] ?? '', (session) => session.script(text)))).toBeInstanceOf(
          Error,
        )
      await store.close()
    })

    it('stores passwords as SCRAM, in files of mode 600', async () => {
      await make()
      const { rows } = await asAdmin(engine().url, (admin) =>
        admin.query('SELECT rolpassword FROM pg_authid WHERE rolname LIKE $1', [`${system}%`]),
      )
      expect(rows).toHaveLength(3)
      for (const row of rows) expect(row.rolpassword).toMatch(/^SCRAM-SHA-256\$/)
      expect((await stat(join(folder, `${system}__orders`))).mode & 0o777).toBe(0o600)
    })

    it('is the same when it runs again, also eight at a time', async () => {
      const all = await Promise.all(Array.from({ length: 8 }, () => make()))
      for (const one of all) expect(one).toEqual(all[0])
      expect(await make()).toEqual(all[0])
      if (all[0] !== undefined) await ping(all[0])
    })

    it('sets new passwords when their files are lost', async () => {
      const before = await make()
      await rm(folder, { recursive: true })
      const after = await make()
      expect(after.services['orders']).not.toBe(before.services['orders'])
      await ping(after)
      const stale = await createPostgresStore({ url: before.services['orders'] ?? '', service: 'orders' })
      expect(await rejection(stale.ping())).toMatchObject({ reason: 'DATABASE_REFUSED' })
      await stale.close()
    })

    it('works for an administrator who is no superuser', async () => {
      const name = `admin_${system}`
      await asAdmin(engine().url, (admin) =>
        admin.script(`CREATE ROLE ${name} LOGIN PASSWORD 'pw' CREATEDB CREATEROLE`),
      )
      const admin = new URL(engine().url)
      admin.username = name
      admin.password = 'pw'
      await ping(await make({ adminUrl: admin.toString() }))
      await ping(await make({ adminUrl: admin.toString(), services: ['orders', 'order-history', 'payments'] }))
    })

    it('says what is missing when the administrator is none', async () => {
      const { services } = await make()
      const url = sameServer(services['orders'] ?? '', `${system}__orders`)
      const error = await rejection(make({ adminUrl: url, services: ['payments'] }))
      expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'NOT_ADMINISTRATOR' })
    })

    it('leaves alone what is overridden, and asks no administrator when everything is', async () => {
      const given = { orders: 'postgresql://a@b/c', 'order-history': 'postgresql://d@e/f', bus: 'postgresql://g@h/i' }
      const { bus, ...services } = given
      const nowhere = 'postgresql://nobody@127.0.0.1:1/none'
      expect(await make({ adminUrl: nowhere, overrides: given })).toEqual({ services, bus })
    })

    it('refuses a database that belongs to somebody else', async () => {
      await asAdmin(engine().url, (admin) => admin.script(`CREATE DATABASE ${system}__orders TEMPLATE template0`))
      expect(await rejection(make())).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'DATABASE_TAKEN' })
    })

    async function ping({ services, bus }: Provisioned): Promise<void> {
      for (const url of [...Object.values(services), bus]) {
        const store = await createPostgresStore({ url, service: 'ping' })
        await store.ping()
        await store.close()
      }
    }
  },
  'server',
)
