import type { Pin } from 'banyan/bus'
import { beforeEach, describe, expect, it } from 'vitest'
import { createNames } from '../names.ts'
import type { Bucket, BucketEntry } from './bucket.ts'
import { createReadersRegister, type ReadersRegister } from './readers-register.ts'

const names = createNames('shop')
const none: BucketEntry = { revision: 0, value: undefined, writtenMs: 0 }
const pinned = { events: 0, bytes: 0 }
const pin: Pin = { source: 'orders', group: 'billing', cursor: 5, stoodMs: 100, events: 7, bytes: 70 }

describe('the register of readers', () => {
  let nowMs: number
  let entries: Map<string, BucketEntry>
  let bucket: Bucket
  let register: ReadersRegister
  beforeEach(() => {
    nowMs = 1_000_000
    entries = new Map()
    bucket = {
      read: async (subject) => entries.get(subject) ?? none,
      async write(subject, revision, value) {
        if ((entries.get(subject) ?? none).revision !== revision) return false
        entries.set(subject, { revision: revision + 1, value, writtenMs: nowMs })
        return true
      },
      overwrite: async (subject, value) => void entries.set(subject, { revision: 1, value, writtenMs: nowMs }),
      list: async () => [...entries.keys()],
    }
    register = createReadersRegister(bucket, names, { now: async () => nowMs })
  })
  const report = (cursor: number, group = 'billing', source = 'orders'): Promise<void> =>
    register.report({ source, group, cursor })

  it('knows when a reader told last and when it moved last, by the broker’s clock', async () => {
    await report(5)
    nowMs += 100
    await report(5)
    nowMs += 10
    const reader = { source: 'orders', group: 'billing', pinned }
    expect(await register.list()).toEqual([{ ...reader, cursor: 5, silentMs: 10, stoodMs: 110 }])
    await report(6)
    nowMs += 1
    await report(6)
    expect(await register.list()).toEqual([{ ...reader, cursor: 6, silentMs: 0, stoodMs: 1 }])
  })

  it('never moves a reader back', async () => {
    await report(5)
    await report(3)
    expect(await register.list()).toMatchObject([{ cursor: 5 }])
  })

  it('keeps sources and groups of any name apart', async () => {
    const groups = ['a', 'a.b', 'a b', '(log)', 'ü', ...Array.from({ length: 200 }, (_, index) => `g${index}`)]
    for (const group of groups) await report(1, group)
    await report(1, 'a', 'other.source')
    const all = await register.list()
    expect(all.map(({ source, group }) => `${source} ${group}`)).toEqual([
      ...groups.map((group) => `orders ${group}`),
      'other.source a',
    ])
    expect([await register.forget('orders', 'a.b'), await register.forget('orders', 'a.b')]).toEqual([true, false])
    expect(await register.list()).toHaveLength(groups.length)
  })

  it('tells all of many who tell at once', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, index) => report(index, `g${index}`)))
    expect(await register.list()).toHaveLength(10)
  })

  it('remembers what a reader kept from going, without taking that for a sign of life', async () => {
    await report(5)
    nowMs += 100
    await register.note(await register.find('orders'), [pin])
    expect(await register.list()).toMatchObject([{ silentMs: 100, pinned: { events: 7, bytes: 70 } }])
    expect(await register.confirm(await register.find('orders'), [])).toBe(true)
    expect(await register.list()).toMatchObject([{ silentMs: 100, pinned }])
  })

  it('lets nobody act by what is not so any more: a reader that has come or told, or that an old state does not show', async () => {
    const before = await register.find('orders')
    expect(before.readers).toEqual([])
    await report(5)
    expect(await register.confirm(before, [])).toBe(false)
    const found = await register.find('orders')
    await report(6)
    expect(await register.confirm(found, [])).toBe(false)
    expect(await register.confirm(await register.find('orders'), [])).toBe(true)
    // A leader that has not caught up says that there is nobody.
    const stale = createReadersRegister({ ...bucket, read: async () => none }, names, { now: async () => nowMs })
    const nobody = await stale.find('orders')
    expect([nobody.readers, await stale.confirm(nobody, [])]).toEqual([[], false])
  })

  it('does not take an entry that somebody else wrote for nobody', async () => {
    for (const value of ['rubbish', null, { readers: null, pins: {}, decidedMs: 0 }]) {
      entries.set(names.readersOf('orders'), { revision: 7, value, writtenMs: nowMs })
      await expect(register.find('orders')).rejects.toMatchObject({ reason: 'BAD_READERS_RECORD' })
    }
  })

  it('gives up when others are always first', async () => {
    register = createReadersRegister({ ...bucket, write: async () => false }, names, { now: async () => 0 })
    await expect(report(1)).rejects.toMatchObject({ code: 'ABORTED', retryable: true })
  })
})
