// The row that a source's truth hangs on: who may write, and that a write in doubt is not followed by its own repetition.
import { createPostgresStore, type PostgresStore } from '@banyan/postgres'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ask, createDatabase, describeEngines } from '../testing/engines.ts'
import { changeSourceMigrations } from './schema.ts'
import { SourceStateTable } from './source-state.ts'

describeEngines('the state of a source', (engine) => {
  let store: PostgresStore
  let url: string
  beforeAll(async () => {
    url = await createDatabase(engine(), 'state')
    store = await createPostgresStore({ url, service: 'test' })
    await store.migrate([])
    await store.migrate(changeSourceMigrations)
    await store.migrate(changeSourceMigrations)
  })
  beforeEach(() => ask(url, 'DELETE FROM banyan.change_source'))
  afterAll(() => store.close())

  test('one holder at a time, on the clock of the database; each under a new epoch', async () => {
    const table = new SourceStateTable(store, 'crm', 'slot')
    const rounds = await Promise.all(Array.from({ length: 8 }, (_, n) => table.acquire(`holder-${n}`, 10_000)))
    const [first, ...more] = rounds.filter((state) => state !== undefined)
    expect(more).toEqual([])
    const epoch = first?.epoch ?? 0n
    expect(await table.renew(epoch, 10_000)).toBe(true)
    await ask(url, "UPDATE banyan.clock SET shift = '11 s'")
    const next = await table.acquire('other', 10_000)
    await ask(url, "UPDATE banyan.clock SET shift = '0'")
    expect(next?.epoch).toBe(epoch + 1n)
    expect(await table.renew(epoch, 10_000)).toBe(false)
    await table.release(epoch)
    expect(await table.acquire('third', 10_000)).toBeUndefined()
    await table.release(epoch + 1n)
    expect((await table.acquire('third', 10_000))?.epoch).toBe(epoch + 2n)
  })

  test('a write names the epoch and the write before it; any other is fenced, and leaves nothing behind', async () => {
    const table = new SourceStateTable(store, 'crm', 'slot')
    const state = await table.acquire('one', 10_000)
    if (state === undefined) throw new Error('not acquired')
    const moved = await store.transact((tx) => table.advance(tx, state, 500n, { commitLsn: 600n, changes: 3 }))
    expect(moved).toMatchObject({
      revision: state.revision + 1n,
      position: 500n,
      partial: { commitLsn: 600n, changes: 3 },
    })
    // The same again, as after a commit that was taken for lost.
    await expect(store.transact((tx) => table.advance(tx, state, 500n, undefined))).rejects.toMatchObject({
      reason: 'FENCED',
    })
    await ask(url, 'UPDATE banyan.change_source SET lease_until = banyan.now()')
    await table.acquire('two', 10_000)
    const event = { id: '01890a5d-ac96-774b-bcce-b302099a8057', type: 't', key: 'k', envelope: '{}' }
    const late = store.transact(async (tx) => {
      tx.publish(event)
      await table.advance(tx, moved, 900n, undefined)
    })
    await expect(late).rejects.toMatchObject({ reason: 'FENCED' })
    expect(await ask(url, 'SELECT 1 FROM banyan.outbox')).toEqual([])
    expect((await table.read())?.state.position).toBe(500n)
  })
})
