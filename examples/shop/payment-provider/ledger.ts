// The provider's append-only ledger: one JSON entry a line, on disk (fdatasync) before anybody is answered.
// Writes that arrive while one sync is running share the next one (group commit), so that a burst costs a few syncs
// and not one each. A failed write or sync is final: after it nobody can know what the disk holds, so the ledger
// refuses everything from then on and the process is expected to end and replay.

import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { type Entry, toEntry } from './entries.ts'

export interface Ledger {
  /** False when `maxPendingEntries` wait for the disk: the caller must refuse new work before it changes anything. */
  readonly hasRoom: boolean
  /** Resolves when the entry is on disk. Entries reach the disk in the order of the calls. */
  append(entry: Entry): Promise<void>
  /** Resolves when everything appended so far is on disk. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface OpenedLedger {
  ledger: Ledger
  /** What the file held, oldest first. */
  entries: Entry[]
  /** Bytes cut from the end: a write that a crash tore, which nobody was told of. */
  tornBytes: number
}

export interface LedgerOptions {
  directory: string
  /** Entries that may wait for the disk. */
  maxPendingEntries?: number
  /** Told once, when the disk has failed. */
  onFailure?: (error: Error) => void
}

export const defaultMaxPendingEntries = 10_000

/** Opens (or creates) `ledger.jsonl` in the directory, cuts a torn end off, and reads what is there. */
export async function openLedger(options: LedgerOptions): Promise<OpenedLedger> {
  await mkdir(options.directory, { recursive: true })
  const path = join(options.directory, 'ledger.jsonl')
  const file = await open(path, 'a')
  try {
    const bytes = await readFile(path)
    const { entries, goodBytes } = readEntries(bytes, path)
    // By path: Windows does not let a handle that may only append cut its file.
    if (goodBytes < bytes.length) await truncate(path, goodBytes)
    await file.sync()
    await syncDirectory(options.directory)
    return { ledger: createFileLedger(file, options), entries, tornBytes: bytes.length - goodBytes }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Whole entries from the top. Damage is forgiven at the end only, where a crash can have caused it. */
export function readEntries(bytes: Buffer, path: string): { entries: Entry[]; goodBytes: number } {
  const entries: Entry[] = []
  let goodBytes = 0
  let damagedLine: number | undefined
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline === -1 ? bytes.length : newline
    // A last line without its newline was not written whole, even when it happens to parse.
    const entry = newline === -1 ? undefined : toEntry(bytes.toString('utf8', start, end))
    start = end + 1
    if (entry === undefined) damagedLine ??= line
    else if (damagedLine !== undefined) {
      throw new Error(`${path} is damaged at line ${damagedLine}, with whole entries after it: restore it from a copy`)
    } else {
      entries.push(entry)
      goodBytes = start
    }
  }
  return { entries, goodBytes }
}

interface Batch {
  lines: string[]
  written: PromiseWithResolvers<void>
}

function createFileLedger(file: FileHandle, options: LedgerOptions): Ledger {
  const maxPendingEntries = options.maxPendingEntries ?? defaultMaxPendingEntries
  let open = newBatch()
  let running: Batch | undefined
  let failure: Error | undefined

  async function flush(): Promise<void> {
    while (open.lines.length > 0 && failure === undefined) {
      running = open
      open = newBatch()
      try {
        await file.appendFile(running.lines.join(''))
        await file.datasync()
        running.written.resolve()
      } catch (error) {
        fail(error as Error)
      }
    }
    running = undefined
  }

  function fail(error: Error): void {
    failure = error
    running?.written.reject(error)
    open.written.reject(error)
    options.onFailure?.(error)
  }

  return {
    get hasRoom() {
      return open.lines.length < maxPendingEntries
    },
    async append(entry) {
      if (failure) throw failure
      open.lines.push(`${JSON.stringify(entry)}\n`)
      const { written } = open
      if (!running) void flush()
      await written.promise
    },
    async settled() {
      if (failure) throw failure
      await (open.lines.length > 0 ? open : running)?.written.promise
    },
    async close() {
      await (open.lines.length > 0 ? open : running)?.written.promise.catch(() => {})
      await file.close()
    },
  }
}

function newBatch(): Batch {
  const written = Promise.withResolvers<void>()
  // A batch that fails with nobody waiting is reported through onFailure; it must not end the process by itself.
  written.promise.catch(() => {})
  return { lines: [], written }
}

/** A new file is only sure to be found after a power cut when its directory is on disk too. */
async function syncDirectory(path: string): Promise<void> {
  // Windows has no handle on a directory, and needs none.
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
