/** The contract of the storage port; every implementation runs it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NewSchema, SchemaStorage } from '../storage/storage.ts'

const schema = (fingerprint: string, references: NewSchema['references'] = []): NewSchema => ({
  type: 'JSON',
  schema: `{"title":"${fingerprint}"}`,
  references,
  fingerprint,
})

/** An empty storage, and a second way to the same data where there is one. */
export interface OpenedStorage {
  readonly storage: SchemaStorage
  readonly second: SchemaStorage
  close(): Promise<void>
}

/** Declares the suite. */
export function storageSuite(name: string, open: () => Promise<OpenedStorage>): void {
  describe(`${name}: schema storage`, () => {
    let opened: OpenedStorage
    let storage: SchemaStorage
    beforeEach(async () => {
      opened = await open()
      storage = opened.storage
    })
    afterEach(() => opened.close())

    const add = async (subject: string, fingerprint: string): Promise<number | undefined> => {
      const { revision } = await storage.subject(subject)
      return (await storage.append(subject, revision, schema(fingerprint)))?.version
    }

    it('counts versions per subject, and gives a schema one id in all of them', async () => {
      expect([await add('a', 'x'), await add('a', 'y'), await add('b', 'x')]).toEqual([1, 2, 1])
      const [a, b] = [await storage.subject('a'), await opened.second.subject('b')]
      expect(b.versions[0]?.id).toBe(a.versions[0]?.id)
      expect(a.versions[1]?.id).not.toBe(a.versions[0]?.id)
      const id = a.versions[0]?.id as number
      expect(await storage.schema(id)).toEqual({ ...schema('x'), id })
      expect(await storage.byFingerprint('x')).toEqual({ ...schema('x'), id })
      expect(await storage.uses(id)).toEqual([
        { subject: 'a', version: 1, id, deleted: false },
        { subject: 'b', version: 1, id, deleted: false },
      ])
      expect(await storage.schema(999)).toBeUndefined()
    })

    it('refuses what was judged at another revision', async () => {
      const { revision } = await storage.subject('a')
      expect(await opened.second.append('a', revision, schema('x'))).toMatchObject({ version: 1 })
      expect(await storage.append('a', revision, schema('y'))).toBeUndefined()
      expect((await storage.subject('a')).versions).toHaveLength(1)
    })

    it('takes one of many that register at once', async () => {
      const { revision } = await storage.subject('a')
      const racers = Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? storage : opened.second).append('a', revision, schema(`s${index}`)),
      )
      const taken = (await Promise.all(racers)).filter((one) => one !== undefined)
      expect(taken).toHaveLength(1)
      expect((await storage.subject('a')).versions).toEqual(taken)
    })

    it('every change raises the revision', async () => {
      const revisions: number[] = []
      const note = async (): Promise<number> => revisions.push((await storage.subject('a')).revision)
      await note()
      await add('a', 'x')
      await note()
      await storage.mark('a', [1], true)
      await note()
      await storage.configure('a', { compatibility: 'NONE' })
      await note()
      await storage.remove('a', [1])
      await note()
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b))
    })

    it('keeps what is deleted softly, and its number', async () => {
      await add('a', 'x')
      await add('a', 'y')
      await storage.mark('a', [1, 2], true)
      expect(await storage.subjects({ prefix: '', deleted: false, limit: 10 })).toEqual([])
      expect(await storage.subjects({ prefix: '', deleted: true, limit: 10 })).toEqual(['a'])
      expect(await add('a', 'z')).toBe(3)
      await storage.remove('a', [1])
      expect((await storage.subject('a')).versions.map(({ version, deleted }) => [version, deleted])).toEqual([
        [2, true],
        [3, false],
      ])
      await storage.mark('a', [2], false)
      expect((await storage.subject('a')).versions[0]).toMatchObject({ version: 2, deleted: false })
    })

    it('lists subjects by prefix, sorted, up to a limit', async () => {
      for (const name of ['b', 'ab', 'a_c', 'a%']) await add(name, 'x')
      expect(await storage.subjects({ prefix: 'a', deleted: false, limit: 10 })).toEqual(['a%', 'a_c', 'ab'])
      expect(await storage.subjects({ prefix: 'a%', deleted: false, limit: 10 })).toEqual(['a%'])
      expect(await storage.subjects({ prefix: '', deleted: false, limit: 1 })).toHaveLength(1)
    })

    it('lists versions with their schemas: all, or the last of each subject', async () => {
      for (const [name, fingerprint] of [
        ['a.x', 'one'],
        ['a.x', 'two'],
        ['a.B', 'one'],
        ['b', 'one'],
      ] as const)
        await add(name, fingerprint)
      const listed = async (query: object): Promise<readonly string[]> => {
        const all = { prefix: 'a.', latest: false, deleted: false, offset: 0, limit: 10 }
        const found = await opened.second.listed({ ...all, ...query })
        return found.map(({ subject, version, schema: text }) => `${subject} ${version} ${text}`)
      }
      const [small, first, second] = ['a.B 1 {"title":"one"}', 'a.x 1 {"title":"one"}', 'a.x 2 {"title":"two"}']
      expect(await listed({})).toEqual([small, first, second])
      expect(await listed({ latest: true })).toEqual([small, second])
      expect(await listed({ offset: 1, limit: 1 })).toEqual([first])
      await storage.mark('a.x', [2], true)
      expect(await listed({ latest: true })).toEqual([small, first])
      expect(await listed({ latest: true, deleted: true })).toEqual([small, second])
    })

    it('keeps settings of a subject and of all', async () => {
      await storage.configure('', { compatibility: 'FULL' })
      await storage.configure('a', { mode: 'READONLY' })
      expect((await opened.second.subject('')).settings).toEqual({ compatibility: 'FULL' })
      expect((await opened.second.subject('a')).settings).toEqual({ mode: 'READONLY' })
      expect((await opened.second.subject('b')).settings).toEqual({})
      expect(await storage.subjects({ prefix: '', deleted: true, limit: 10 })).toEqual([])
    })

    it('knows what is referred to', async () => {
      await add('base', 'x')
      const reference = { name: 'Base', subject: 'base', version: 1 }
      await storage.append('a', 0, schema('y', [reference]))
      expect(await storage.isReferred('base', 1)).toBe(true)
      expect(await storage.isReferred('base', 2)).toBe(false)
      expect((await storage.byFingerprint('y'))?.references).toEqual([reference])
      await storage.mark('a', [1], true)
      await storage.remove('a', [1])
      expect(await storage.isReferred('base', 1)).toBe(false)
    })
  })
}
