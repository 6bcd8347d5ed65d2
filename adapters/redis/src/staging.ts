/** The writes of one step, kept until the step is committed; what a step has written it reads. */
import type { Send } from './send.ts'

/** A command of Redis; its second word is the key. */
export type Command = readonly [name: string, key: string, ...words: string[]]

/** A table inside a step. Rows are plain JSON. */
export interface RedisTableWriter {
  get<Row = unknown>(key: string): Promise<Row | undefined>
  put(key: string, row: unknown): void
  delete(key: string): void
}

/** A sorted index inside a step. */
export interface RedisIndexWriter {
  /** A member has one score, the last one given. */
  put(member: string, score: number): void
  delete(member: string): void
}

/** What handlers of a projection in Redis write with. */
export interface RedisTx {
  table(name: string): RedisTableWriter
  index(name: string): RedisIndexWriter
}

/** Commands of one step. */
export interface Staging {
  readonly tx: RedisTx
  commands(): readonly Command[]
}

/** Makes the writes of one step of a version. */
export function createStaging(prefix: string, send: Send): Staging {
  const rows = new Map<string, Map<string, string | undefined>>()
  const others: Command[] = []

  function staged(name: string): Map<string, string | undefined> {
    const table = rows.get(name) ?? new Map<string, string | undefined>()
    rows.set(name, table)
    return table
  }
  async function read(name: string, key: string): Promise<string | undefined> {
    const table = staged(name)
    if (table.has(key)) return table.get(key)
    return ((await send(['HGET', tableKey(prefix, name), key])) as string | null) ?? undefined
  }
  return {
    tx: {
      table: (name) => ({
        async get<Row>(key: string): Promise<Row | undefined> {
          const text = await read(name, key)
          return text === undefined ? undefined : (JSON.parse(text) as Row)
        },
        put: (key, row) => void staged(name).set(key, JSON.stringify(row)),
        delete: (key) => void staged(name).set(key, undefined),
      }),
      index: (name) => ({
        put: (member, score) => void others.push(['ZADD', indexKey(prefix, name), String(score), member]),
        delete: (member) => void others.push(['ZREM', indexKey(prefix, name), member]),
      }),
    },
    commands: () => [...[...rows].flatMap(([name, table]) => toCommands(tableKey(prefix, name), table)), ...others],
  }
}

function toCommands(key: string, table: ReadonlyMap<string, string | undefined>): readonly Command[] {
  return [...table].map(([field, text]) => (text === undefined ? ['HDEL', key, field] : ['HSET', key, field, text]))
}

/** Where a table lies. */
export function tableKey(prefix: string, name: string): string {
  return `${prefix}:table:${name}`
}

/** Where an index lies. */
export function indexKey(prefix: string, name: string): string {
  return `${prefix}:index:${name}`
}
