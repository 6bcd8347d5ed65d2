/**
 * A journal written by hand for this one purpose, as the limit: a row for each saga, an entry for each step, and group commit over
 * two lanes, four writes a saga. No fencing, no leases, no mailbox, no recovery, nobody else may take over, nothing is checked.
 * Argument: the URL of the database.
 */
import { connect } from '../events/databases.ts'
import { loadSagas, serveSagas, stepValues } from './saga-load.ts'

const lanes = 2
const maxGroup = 256
const [url = ''] = process.argv.slice(2)
const sql = connect(url, lanes)
await sql.unsafe(`
  CREATE TABLE saga (id text PRIMARY KEY, state text NOT NULL, input text NOT NULL, output text);
  CREATE TABLE entry (saga_id text NOT NULL, n int NOT NULL, body text NOT NULL, PRIMARY KEY (saga_id, n))`)

interface Write {
  readonly id: string
  readonly input?: string
  readonly entry?: { readonly n: number; readonly body: string }
  readonly output?: string
  readonly done: (error?: unknown) => void
}

const waiting: Write[] = []
let busy = 0
let scheduled = false

async function commit(group: readonly Write[]): Promise<void> {
  const starts = group.flatMap(({ id, input }) => (input === undefined ? [] : [{ id, input }]))
  const entries = group.flatMap(({ id, entry }) => (entry === undefined ? [] : [{ id, ...entry }]))
  const ends = group.flatMap(({ id, output }) => (output === undefined ? [] : [{ id, output }]))
  await sql`
    WITH started AS (
      INSERT INTO saga (id, state, input) SELECT id, 'running', input
      FROM unnest(${starts.map(({ id }) => id)}::text[], ${starts.map(({ input }) => input)}::text[]) AS g (id, input)
    ), written AS (
      INSERT INTO entry SELECT * FROM
      unnest(${entries.map(({ id }) => id)}::text[], ${entries.map(({ n }) => n)}::int[], ${entries.map(({ body }) => body)}::text[])
    )
    UPDATE saga SET state = 'completed', output = g.output
    FROM unnest(${ends.map(({ id }) => id)}::text[], ${ends.map(({ output }) => output)}::text[]) AS g (id, output)
    WHERE saga.id = g.id`
}

async function flush(group: readonly Write[]): Promise<void> {
  busy += 1
  try {
    await commit(group)
    for (const { done } of group) done()
  } catch (error) {
    for (const { done } of group) done(error)
  }
  busy -= 1
  pump()
}

function pump(): void {
  while (busy < lanes && waiting.length > 0) void flush(waiting.splice(0, maxGroup))
}

function write(given: Omit<Write, 'done'>): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.push({ ...given, done: (error) => (error === undefined ? resolve() : reject(error)) })
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      pump()
    })
  })
}

async function run(id: string, index: number): Promise<number> {
  const [one, two, three] = stepValues(index)
  await write({ id, input: JSON.stringify({ index }) })
  await write({ id, entry: { n: 1, body: JSON.stringify(one) } })
  await write({ id, entry: { n: 2, body: JSON.stringify(two) } })
  const sum = one + two + three
  await write({ id, entry: { n: 3, body: JSON.stringify(three) }, output: JSON.stringify(sum) })
  return sum
}

serveSagas(
  (given) => loadSagas(given, run),
  () => sql.end({ timeout: 1 }),
)
