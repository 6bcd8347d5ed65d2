/**
 * Migrations as files: `001-orders.sql` is plain SQL, `002-backfill.ts` exports `up(db)`. They run in the order of their
 * names, which begin with a number, so that the order is what a folder listing shows.
 */
import { readdir, readFile } from 'node:fs/promises'
import { BanyanError } from 'banyan/core'
import type { Migration } from 'banyan/store'
import { toChecksum, toMigration } from './source.ts'

const pattern = /^(\d{3,})-[a-z0-9-]+\.(sql|ts|js)$/
const ignored = /^\.|\.d\.ts$|\.test\.ts$|\.map$/

/**
 * Reads a folder of migrations, in order.
 *
 * Errors: INVALID_ARGUMENT naming the folder or file, for a folder that cannot be read, a name that is no `NNN-name.sql` or
 * `NNN-name.ts`, a number that comes twice, or a module without `up`.
 *
 * @example
 * const migrations = await loadMigrations(new URL('./migrations/', import.meta.url))
 */
export async function loadMigrations(folder: URL): Promise<readonly Migration[]> {
  const base = folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`)
  const names = await list(base)
  assertNames(names, base)
  return Promise.all(names.map((name) => load(new URL(name, base), name)))
}

async function list(folder: URL): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !ignored.test(name)).sort()
  } catch (error) {
    throw invalid(
      `the folder of migrations ${folder.pathname} cannot be read`,
      'Create it, or correct the path.',
      error,
    )
  }
}

function assertNames(names: readonly string[], folder: URL): void {
  const seen = new Map<number, string>()
  for (const name of names) {
    const number = pattern.exec(name)?.[1]
    if (number === undefined)
      throw invalid(`${name} in ${folder.pathname} is no migration`, 'Name it like 003-add-index.sql, or move it away.')
    const other = seen.get(Number(number))
    if (other !== undefined) throw invalid(`${other} and ${name} have the same number`, 'Give the newer one the next.')
    seen.set(Number(number), name)
  }
}

async function load(file: URL, name: string): Promise<Migration> {
  const text = await readFile(file, 'utf8')
  if (name.endsWith('.sql')) return toMigration(name.slice(0, -'.sql'.length), text)
  const module = (await import(file.href)) as { up?: unknown }
  if (typeof module.up !== 'function')
    throw invalid(`${name} exports no function 'up'`, 'export async function up(db: Kysely<any>): Promise<void> { … }')
  return { name: name.slice(0, -3), checksum: toChecksum(text), up: module.up as Exclude<Migration['up'], string> }
}

function invalid(message: string, hint: string, cause?: unknown): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', message, { reason: 'MIGRATION_FILES', hint, cause })
}
