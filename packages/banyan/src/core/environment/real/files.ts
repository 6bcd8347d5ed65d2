/** Files of the real environment: whole documents, replaced by rename so that no reader sees half of one. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Files } from '../files.ts'

const unlessMissing = (error: unknown): undefined => {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
  throw error
}

/** See {@link Files}. */
export const realFiles: Files = {
  readText: (path) => readFile(path, 'utf8').catch(unlessMissing),
  async writeText(path, text, options = {}) {
    await mkdir(dirname(path), { recursive: true })
    const draft = `${path}.${randomBytes(6).toString('hex')}`
    const file = await open(draft, 'wx', options.mode ?? 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  },
  remove: (path) => rm(path, { force: true }),
  list: async (path) => ((await readdir(path).catch(unlessMissing)) ?? []).sort(),
}
