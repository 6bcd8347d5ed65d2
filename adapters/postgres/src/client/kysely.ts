/**
 * Kysely over our sessions. Two shapes: outside of transactions every query borrows a session, inside one all go through
 * the transaction. Neither may begin a transaction of its own: that would pass by outbox and inbox.
 */
import { BanyanError } from 'banyan/core'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, KyselyProps, QueryResult } from 'kysely'
import { DefaultQueryExecutor, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { StatementResult } from './exchange.ts'

/** Runs one statement, wherever that is. */
export type RunStatement = (text: string, values: readonly unknown[]) => Promise<StatementResult>

const refuse = (): never => {
  throw new BanyanError('FAILED_PRECONDITION', 'a query builder cannot begin a transaction here', {
    reason: 'USE_TRANSACT',
    hint: 'Use ctx.transact: it carries the outbox, the inbox mark and the idempotency key.',
  })
}

const noTransactions: Driver = {
  init: async () => {},
  acquireConnection: async () => refuse(),
  beginTransaction: async () => refuse(),
  commitTransaction: async () => refuse(),
  rollbackTransaction: async () => refuse(),
  releaseConnection: async () => {},
  destroy: async () => {},
}

const dialect: Dialect = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => noTransactions,
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (db) => new PostgresIntrospector(db),
}

const compiler = new PostgresQueryCompiler()
const adapter = new PostgresAdapter()

/** A query builder whose statements run by `run`. */
// biome-ignore lint/suspicious/noExplicitAny: the tables are known only to the service's own types
export function createBuilder(run: RunStatement): Kysely<any> {
  const connection: DatabaseConnection = {
    executeQuery: async <Row>(query: CompiledQuery): Promise<QueryResult<Row>> =>
      toQueryResult(await run(query.sql, query.parameters)),
    streamQuery: () => {
      throw new BanyanError('UNIMPLEMENTED', 'results cannot be streamed', { hint: 'Read in pages.' })
    },
  }
  const executor = new DefaultQueryExecutor(compiler, adapter, {
    provideConnection: (consumer) => consumer(connection),
  })
  const props: KyselyProps = { config: { dialect }, dialect, driver: noTransactions, executor }
  return new Kysely(props)
}

function toQueryResult<Row>(result: StatementResult): QueryResult<Row> {
  const { command, rowCount, rows } = result
  const writes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE' || command === 'MERGE'
  return writes ? { numAffectedRows: BigInt(rowCount ?? 0), rows } : { rows }
}
