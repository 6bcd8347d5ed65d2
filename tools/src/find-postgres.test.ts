import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { findPostgres } from './find-postgres.ts'

const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true })
})

function temporary(): string {
  const root = mkdtempSync(join(tmpdir(), 'banyan-find-'))
  made.push(root)
  return root
}

function installation(root: string = temporary()): string {
  const folder = join(root, 'bin')
  mkdirSync(folder, { recursive: true })
  for (const program of ['initdb', 'postgres']) writeFileSync(join(folder, program), '')
  return folder
}

test('the folder named by BANYAN_POSTGRES_BIN wins over what is installed', () => {
  const folder = installation()
  expect(findPostgres({ BANYAN_POSTGRES_BIN: folder, PATH: installation() })).toEqual({ found: true, binaries: folder })
})

test('a wrong BANYAN_POSTGRES_BIN is an error, not another server', () => {
  expect(() => findPostgres({ BANYAN_POSTGRES_BIN: '/nowhere', PATH: installation() })).toThrow(
    /BANYAN_POSTGRES_BIN is \/nowhere.*initdb and postgres/,
  )
})

test('the newest version wins, whatever the system calls its folder', () => {
  const root = temporary()
  for (const name of ['9', '15', 'postgresql@17', 'pgsql-16', 'postgresql']) installation(join(root, name))
  expect(findPostgres({}, ['/nowhere', root])).toEqual({ found: true, binaries: join(root, 'postgresql@17', 'bin') })
})

test('without any server there is a reason, and an error where engines are required', () => {
  expect(findPostgres({}, [])).toMatchObject({
    found: false,
    reason: expect.stringContaining('apt-get install postgresql'),
  })
  expect(() => findPostgres({ BANYAN_REQUIRE_ENGINES: '1' }, [])).toThrow('BANYAN_REQUIRE_ENGINES=1')
})
