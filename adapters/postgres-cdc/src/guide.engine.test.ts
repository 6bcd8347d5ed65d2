// The guide's service grows around a database with two rows: it prints what the guide says for the guide's statements, answers
// for the old table, and goes on where it was when it is killed.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createPostgresStore } from '@banyan/postgres'
import { expect, test } from 'vitest'
import { ask, createDatabase, describeEngines, type Engine, eventually, run } from './testing/engines.ts'
import { createGuideProcesses } from './testing/guide-process.ts'

const guide = await readFile(new URL('../../../docs/guide/cdc.md', import.meta.url), 'utf8')
const parts = (language: string): string[] =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text)
const rows =
  "CREATE TABLE customer (id bigint PRIMARY KEY, name text); INSERT INTO customer VALUES (1, 'Ada'), (2, 'Alan')"

async function createPlace(engine: Engine) {
  const [migration = '', statements = ''] = parts('sql')
  const source = await createDatabase(engine, 'crm')
  const [store, bus] = [await createDatabase(engine, 'customers'), await createDatabase(engine, 'bus')]
  await run(source, rows)
  const processes = createGuideProcesses(parts('ts')[0] ?? '', source, { store, bus, migration })
  const here = await createPostgresStore({ url: store, service: 'customers', maxConnections: 1 })
  return { source, store, statements, processes, here }
}

describeEngines(
  'docs/guide/cdc.md',
  (engine) => {
    test('its service', async () => {
      const { source, store, statements, processes, here } = await createPlace(engine())
      const printed = (wanted: string): Promise<string> =>
        eventually(processes.printed, (text) => text.endsWith(wanted))
      try {
        const first = processes.start()
        await eventually(
          () => ask(store, 'SELECT phase FROM banyan.change_source').catch(() => []),
          (found) => found[0]?.['phase'] === 'streaming',
        )
        await run(source, statements)
        expect(await printed('delete 2\n')).toBe(parts('text')[0])
        await processes.find('1', { output: { id: '1', name: 'Ada L.' } })
        await processes.find('3', { output: { id: '3', name: 'Grace' } })
        await processes.find('2', { reason: 'UNKNOWN' })

        // Killed, and what happens meanwhile is not lost: the next run of the host takes over at once.
        first.kill('SIGKILL')
        await once(first, 'exit')
        await run(
          source,
          "UPDATE customer SET name = 'Grace H.' WHERE id = 3; INSERT INTO customer VALUES (4, 'Edsger')",
        )
        const second = processes.start()
        await printed('update 3\ninsert 4\n')
        await processes.find('3', { output: { id: '3', name: 'Grace H.' } })
        await processes.find('4', { output: { id: '4', name: 'Edsger' } })
        await eventually(
          () => here.bridges.known(),
          ([known]) => known?.state === 'working' && known.report['lag'] !== undefined,
        )
        second.kill('SIGTERM')
        expect(await once(second, 'exit')).toEqual([0, null])
        expect(await here.bridges.known()).toMatchObject([{ bridge: 'crm', kind: 'postgres', state: 'stopped' }])
      } finally {
        processes.close()
        await here.close()
      }
    })
  },
  { mostlyOn: 'embedded' },
)
