import { beforeEach, describe, expect, it } from 'vitest'
import { createNames } from '../names.ts'
import type { Bucket, BucketEntry } from './bucket.ts'
import { createReadersRegister, type ReadersRegister } from './readers-register.ts'

const names = createNames('shop')
const none: BucketEntry = { revision: 0, value: undefined, writtenMs: 0 }

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
      remove: async (subject) => entries.delete(subject),
      list: async () => [...entries.keys()].filter((subject) => subject.includes('.reader.')),
    }
    register = createReadersRegister(bucket, names, { now: async () => nowMs }, () => 0)
  })
  const report = (cursor: number, group = 'billing'): Promise<void> =>
    register.report({ source: 'orders', group, cursor })

  it('knows when a reader told last and when it moved last, by the broker’s clock', async () => {
    await report(5)
    nowMs += 100
    await report(5)
    nowMs += 10
    const pinned = { events: 0, bytes: 0 }
    expect(await register.list()).toEqual([
      { source: 'orders', group: 'billing', cursor: 5, silentMs: 10, stoodMs: 110, pinned },
    ])
    await report(6)
    nowMs += 1
    await report(6)
    expect(await register.list()).toMatchObject([{ cursor: 6, silentMs: 0, stoodMs: 1 }])
  })

  it('remembers what a reader kept from going, without taking that for a sign of life', async () => {
    await report(5)
    nowMs += 100
    const pin = { source: 'orders', group: 'billing', cursor: 5, stoodMs: 100, events: 7, bytes: 70 }
    await register.notePins('orders', [pin])
    expect(await register.list()).toMatchObject([{ silentMs: 100, pinned: { events: 7, bytes: 70 } }])
    await register.notePins('orders', [])
    expect(await register.list()).toMatchObject([{ pinned: { events: 0, bytes: 0 } }])
  })

  it('never moves a reader back', async () => {
    await report(5)
    await report(3)
    expect(await register.list()).toMatchObject([{ cursor: 5 }])
  })

  it('keeps readers of any name apart, however many', async () => {
    const groups = ['a', 'a.b', 'a b', '(log)', 'ü', ...Array.from({ length: 200 }, (_, index) => `g${index}`)]
    for (const group of groups) await report(1, group)
    expect((await register.list()).map(({ group }) => group)).toEqual(groups)
    for (const subject of entries.keys()) expect(subject).toMatch(/^\$KV\.shop_relays\.reader\.orders\.[-=\w]+$/)
    expect([await register.forget('orders', 'a.b'), await register.forget('orders', 'a.b')]).toEqual([true, false])
  })

  it('takes an entry that somebody else wrote for none, until the reader tells again', async () => {
    entries.set(names.reader('orders', 'billing'), { revision: 7, value: 'rubbish', writtenMs: nowMs })
    expect(await register.list()).toEqual([])
    await report(3)
    expect(await register.list()).toMatchObject([{ cursor: 3 }])
  })

  it('gives up when others are always first', async () => {
    register = createReadersRegister({ ...bucket, write: async () => false }, names, { now: async () => 0 }, () => 0)
    await expect(report(1)).rejects.toMatchObject({ code: 'ABORTED', retryable: true })
  })
})
