/** The readers' side of a projection in Redis. */
import type { Send } from './send.ts'
import { indexKey, tableKey } from './staging.ts'

/** A table of JSON rows. */
export interface RedisTable {
  get<Row = unknown>(key: string): Promise<Row | undefined>
  /** In the order of the keys; undefined where there is no row. At most 1 000 at a time. */
  getMany<Row = unknown>(keys: readonly string[]): Promise<readonly (Row | undefined)[]>
}

/** A sorted index. */
export interface RedisIndex {
  /** Members from the lowest score (or the highest, `descending`) on; `limit` of them, at most 1 000. */
  range(options: {
    readonly offset?: number
    readonly limit: number
    readonly descending?: boolean
  }): Promise<readonly string[]>
}

/** What readers of a projection in Redis read with. */
export interface RedisView {
  table(name: string): RedisTable
  index(name: string): RedisIndex
}

const maxKeys = 1_000

/** Makes the view of a version. */
export function createView(prefix: string, send: Send): RedisView {
  const toRow = <Row>(text: unknown): Row | undefined =>
    typeof text === 'string' ? (JSON.parse(text) as Row) : undefined
  return {
    table: (name) => ({
      get: async (key) => toRow(await send(['HGET', tableKey(prefix, name), key])),
      async getMany<Row>(keys: readonly string[]) {
        if (keys.length === 0) return []
        const texts = (await send(['HMGET', tableKey(prefix, name), ...keys.slice(0, maxKeys)])) as unknown[]
        return texts.map((text) => toRow<Row>(text))
      },
    }),
    index: (name) => ({
      async range({ offset = 0, limit, descending = false }) {
        const last = offset + Math.min(limit, maxKeys) - 1
        const range = ['ZRANGE', indexKey(prefix, name), String(offset), String(last)]
        return (await send(descending ? [...range, 'REV'] : range)) as string[]
      },
    }),
  }
}
