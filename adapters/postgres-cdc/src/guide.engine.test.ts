// The guide's program runs against a database with two rows, and prints what the guide says for the guide's statements.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createPostgresStore } from '@banyan/postgres'
import { expect, test } from 'vitest'
import { ask, createDatabase, describeEngines, eventually, run } from './testing/engines.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

describeEngines('docs/guide/cdc.md', (engine) => {
  test('its program', async () => {
    const guide = await readFile(`${root}docs/guide/cdc.md`, 'utf8')
    const part = (language: string): string =>
      new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] ?? ''
    const source = await createDatabase(engine(), 'crm')
    const target = await createDatabase(engine(), 'customers')
    await run(
      source,
      "CREATE TABLE customer (id bigint PRIMARY KEY, name text); INSERT INTO customer VALUES (1, 'Ada'), (2, 'Alan')",
    )
    const store = await createPostgresStore({ url: target, service: 'customers' })
    await store.migrate([])
    await store.close()

    const program: ChildProcess = spawn(process.execPath, ['--input-type=module-typescript', '--eval', part('ts')], {
      cwd: `${root}adapters/postgres-cdc`,
      env: { ...process.env, CRM_URL: source, DATABASE_URL: target },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    for (const stream of [program.stdout, program.stderr]) stream?.on('data', (chunk) => (printed += String(chunk)))
    try {
      await eventually(
        () => ask(target, 'SELECT phase FROM banyan.change_source').catch(() => []),
        (rows) => rows[0]?.['phase'] === 'streaming',
      )
      await run(source, part('sql'))
      await eventually(
        () => printed,
        (text) => text.split('\n').length > 5,
      )
      program.kill('SIGTERM')
      const [code] = await once(program, 'exit')
      expect([printed, code]).toEqual([part('text'), 0])
      const rows = await ask(target, 'SELECT type, key FROM banyan.outbox ORDER BY id')
      expect(rows.map((row) => `${row['type']} ${row['key']}`)).toEqual([
        'customers.changed.v1 1',
        'customers.changed.v1 2',
        'customers.changed.v1 3',
        'customers.changed.v1 1',
        'customers.removed.v1 2',
      ])
    } finally {
      program.kill('SIGKILL')
    }
  })
})
