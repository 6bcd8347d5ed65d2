// The guide's service grows around a database with two rows: it prints what the guide says for the guide's statements, answers
// for the old table, and goes on where it was when it is killed.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createPostgresStore } from '@banyan/postgres'
import { expect, test } from 'vitest'
import { ask, createDatabase, describeEngines, eventually, run } from './testing/engines.ts'
import type { GuideAnswer, GuideTask } from './testing/run-guide.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

describeEngines(
  'docs/guide/cdc.md',
  (engine) => {
    test('its service', async () => {
      const guide = await readFile(`${root}docs/guide/cdc.md`, 'utf8')
      const parts = (language: string): string[] =>
        [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text)
      const [migration = '', statements = ''] = parts('sql')
      const source = await createDatabase(engine(), 'crm')
      const store = await createDatabase(engine(), 'customers')
      const bus = await createDatabase(engine(), 'bus')
      await run(
        source,
        "CREATE TABLE customer (id bigint PRIMARY KEY, name text); INSERT INTO customer VALUES (1, 'Ada'), (2, 'Alan')",
      )
      const program = `${parts('ts')[0]}\nimport { runGuide } from './src/testing/run-guide.ts'\nawait runGuide(customers)\n`
      let printed = ''
      const children: ChildProcess[] = []
      const start = (): ChildProcess => {
        const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
          cwd: `${root}adapters/postgres-cdc`,
          env: {
            ...process.env,
            CRM_URL: source,
            BANYAN_TEST_TASK: JSON.stringify({ store, bus, migration } satisfies GuideTask),
          },
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        })
        for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed += String(chunk)))
        children.push(child)
        return child
      }
      const find = async (child: ChildProcess, id: string): Promise<GuideAnswer> => {
        child.send({ operation: 'find', input: { id } })
        const [answer] = (await once(child, 'message')) as [GuideAnswer]
        return answer
      }
      const here = await createPostgresStore({ url: store, service: 'customers', maxConnections: 1 })
      try {
        const first = start()
        const streaming = (): Promise<unknown> =>
          eventually(
            () => ask(store, 'SELECT phase FROM banyan.change_source').catch(() => []),
            (rows) => rows[0]?.['phase'] === 'streaming',
          )
        await streaming()
        await run(source, statements)
        await eventually(
          () => printed,
          (text) => text.split('\n').length > 5,
        )
        expect(printed).toBe(parts('text')[0])
        const answered = async (id: string, wanted: GuideAnswer): Promise<void> => {
          const child = children.at(-1) as ChildProcess
          const same = (answer: GuideAnswer): boolean => JSON.stringify(answer) === JSON.stringify(wanted)
          expect(await eventually(() => find(child, id), same)).toEqual(wanted)
        }
        await answered('1', { output: { id: '1', name: 'Ada L.' } })
        await answered('3', { output: { id: '3', name: 'Grace' } })
        await answered('2', { reason: 'UNKNOWN' })

        // Killed, and what happens meanwhile is not lost: the next run of the host takes over at once.
        first.kill('SIGKILL')
        await once(first, 'exit')
        await run(
          source,
          "UPDATE customer SET name = 'Grace H.' WHERE id = 3; INSERT INTO customer VALUES (4, 'Edsger')",
        )
        const second = start()
        await eventually(
          () => printed,
          (text) => text.endsWith('update 3\ninsert 4\n'),
        )
        await answered('3', { output: { id: '3', name: 'Grace H.' } })
        await answered('4', { output: { id: '4', name: 'Edsger' } })
        await eventually(
          () => here.bridges.known(),
          ([known]) => known?.state === 'working' && known.report['lag'] !== undefined,
        )
        second.kill('SIGTERM')
        expect(await once(second, 'exit')).toEqual([0, null])
        expect(await here.bridges.known()).toMatchObject([{ bridge: 'crm', kind: 'postgres', state: 'stopped' }])
      } finally {
        for (const child of children) child.kill('SIGKILL')
        await here.close()
      }
    })
  },
  { mostlyOn: 'embedded' },
)
