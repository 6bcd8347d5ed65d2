/** Migrations as files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { rejection } from '../testing/rejection.ts'
import { loadMigrations } from './load-migrations.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'banyan-migrations-'))
})
afterEach(async () => rm(folder, { recursive: true, force: true }))
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
const load = (): ReturnType<typeof loadMigrations> => loadMigrations(pathToFileURL(folder))

it('loads SQL and modules in the order of their numbers', async () => {
  await write('010-c.sql', 'SELECT 3')
  await write('002-b.js', 'export async function up(db) { return db }')
  await write('001-a.sql', 'SELECT 1')
  await write('.hidden', '')
  const migrations = await load()
  expect(migrations.map((migration) => migration.name)).toEqual(['001-a', '002-b', '010-c'])
  expect(migrations.map((migration) => typeof migration.up)).toEqual(['string', 'function', 'string'])
})

it('gives the same checksum whatever the line ends', async () => {
  await write('001-a.sql', 'SELECT 1;\nSELECT 2;\n')
  const [unix] = await load()
  await write('001-a.sql', 'SELECT 1;\r\nSELECT 2;\r\n')
  const [windows] = await load()
  await write('001-a.sql', 'SELECT 1;\nSELECT 3;\n')
  const [other] = await load()
  expect(windows?.checksum).toBe(unix?.checksum)
  expect(other?.checksum).not.toBe(unix?.checksum)
})

it.each([
  ['two files with one number', { '001-a.sql': '', '001-b.sql': '' }, '001-a.sql and 001-b.sql'],
  ['a name that is none', { 'orders.sql': '' }, 'orders.sql'],
  ['a module without up', { '001-a.js': 'export const down = 1' }, "001-a.js exports no function 'up'"],
])('refuses %s', async (_, files, message) => {
  for (const [name, text] of Object.entries(files)) await write(name, text)
  const error = await rejection(load())
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(String(error)).toContain(message)
})

it('refuses a folder that is not there', async () => {
  const missing = pathToFileURL(join(folder, 'nowhere'))
  expect(await rejection(loadMigrations(missing))).toMatchObject({ code: 'INVALID_ARGUMENT' })
})
