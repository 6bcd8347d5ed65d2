import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from './entries.ts'
import { openLedger } from './ledger.ts'

let directory: string
const file = (): string => join(directory, 'ledger.jsonl')
const voided = (chargeId: string): Entry => ({ type: 'voided', at: '2026-01-01T00:00:00.000Z', chargeId })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ledger-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function fill(...ids: string[]): Promise<void> {
  const { ledger } = await openLedger({ directory })
  await Promise.all(ids.map((id) => ledger.append(voided(id))))
  await ledger.close()
}

describe('the ledger', () => {
  it('starts empty in a directory that does not exist yet, and reads back what was appended, in order', async () => {
    directory = join(directory, 'not', 'yet')
    await fill('a', 'b', 'c')
    const { ledger, entries, tornBytes } = await openLedger({ directory })
    expect(entries).toEqual([voided('a'), voided('b'), voided('c')])
    expect(tornBytes).toBe(0)
    await ledger.close()
  })

  it('has every entry in the file by the time append resolves', async () => {
    const { ledger } = await openLedger({ directory })
    const ids = Array.from({ length: 200 }, (_, i) => `ch_${i}`)
    await Promise.all(
      ids.map(async (id) => {
        await ledger.append(voided(id))
        expect(await readFile(file(), 'utf8')).toContain(`"${id}"`)
      }),
    )
    await ledger.close()
  })

  it.each([
    ['half a line', '{"type":"voided","at":"2026'],
    ['a line that is whole but for its newline', JSON.stringify(voided('x'))],
    ['a line of zeros, as a power cut leaves', '\0\0\0\0\n'],
    ['two damaged lines', '{"type":\n{"type"'],
  ])('cuts off %s at the end and appends cleanly behind', async (_, torn) => {
    await fill('a', 'b')
    await appendFile(file(), torn)
    const { ledger, entries, tornBytes } = await openLedger({ directory })
    expect(entries).toEqual([voided('a'), voided('b')])
    expect(tornBytes).toBe(torn.length)
    await ledger.append(voided('c'))
    await ledger.close()
    const again = await openLedger({ directory })
    expect(again.entries).toEqual([voided('a'), voided('b'), voided('c')])
    await again.ledger.close()
  })

  it('refuses a file that is damaged in the middle, naming the line', async () => {
    await writeFile(file(), `${JSON.stringify(voided('a'))}\nrubbish\n${JSON.stringify(voided('b'))}\n`)
    await expect(openLedger({ directory })).rejects.toThrow(/damaged at line 2/)
    expect(await readFile(file(), 'utf8')).toContain('rubbish')
  })

  it('has no room once as many entries wait as it may hold, and has room again after', async () => {
    const { ledger } = await openLedger({ directory, maxPendingEntries: 2 })
    const first = ledger.append(voided('on its way'))
    const waiting = [ledger.append(voided('a')), ledger.append(voided('b'))]
    expect(ledger.hasRoom).toBe(false)
    await Promise.all([first, ...waiting])
    expect(ledger.hasRoom).toBe(true)
    await ledger.close()
  })

  it('refuses everything after the disk has failed, and says so once', async () => {
    const failures: string[] = []
    const { ledger } = await openLedger({ directory, onFailure: (error) => failures.push(error.message) })
    await ledger.close()
    // The handle is closed: the next write fails like a disk that is gone.
    await expect(ledger.append(voided('a'))).rejects.toThrow()
    await expect(ledger.append(voided('b'))).rejects.toThrow()
    await expect(ledger.settled()).rejects.toThrow()
    expect(failures).toHaveLength(1)
  })
})
