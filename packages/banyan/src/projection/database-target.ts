/**
 * The service's own database as a target: a schema for each version, `p_<name>_v<version>`, and for each further build of it, `…_b<build>`. Rows and mark are one transaction, so
 * there is no cursor to keep, and versions stand beside each other without knowing of each other.
 */
import type { Kysely } from 'kysely'
import type { ProjectionVersion, SqlTransaction } from '../store/projections.ts'
import type { ProjectionTarget, TargetContext, TargetDefinition } from './target.ts'

/** What handlers of a projection in a database write with. */
export interface DatabaseTx<Tables = unknown> {
  /** Typed query builder over the tables of this version. */
  // biome-ignore lint/suspicious/noExplicitAny: a projection that names no tables may use any
  readonly db: Kysely<unknown extends Tables ? any : Tables>
  /** Raw SQL with bound parameters; unqualified names are those of this version. */
  sql<Row = Record<string, unknown>>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>
}

/** What readers of a projection in a database read with. */
export interface DatabaseView<Tables = unknown> extends DatabaseTx<Tables> {
  /** The schema of the version that is being read, for joins written by hand. */
  readonly schema: string
}

/** The schema of a version. Names of projections have no underscores, so no two share one. */
export function projectionSchema({ name, version, build = 1 }: ProjectionVersion): string {
  return `p_${name.replaceAll('-', '_')}_v${version}${build === 1 ? '' : `_b${build}`}`
}

/**
 * Keeps the rows in the service's own database, which must speak SQL. The default.
 *
 * @example
 * interface Tables { customer_order: { order_id: string; status: string } }
 * const target = ownDatabase<Tables>()
 */
export function ownDatabase<Tables = unknown>(): TargetDefinition<DatabaseTx<Tables>, DatabaseView<Tables>> {
  return { kind: 'database', lanes: undefined, open: async (context) => createDatabaseTarget(context) as never }
}

function createDatabaseTarget({ store }: TargetContext): ProjectionTarget<DatabaseTx, DatabaseView> {
  return {
    async prepare(of, tx, create) {
      await statement(tx, `CREATE SCHEMA IF NOT EXISTS ${projectionSchema(of)}`)
      await create(bind(tx, of))
    },
    apply: (of, _step, tx, work) => work(bind(tx, of), 0),
    view(of) {
      const schema = projectionSchema(of)
      return {
        schema,
        db: store.db.withSchema(schema),
        sql: (text, ...values) => store.transact((tx) => bind(tx, of).sql(text, ...values), { readOnly: true }),
      }
    },
    async destroy(of, tx) {
      await statement(tx, `DROP SCHEMA IF EXISTS ${projectionSchema(of)} CASCADE`)
    },
    close: async () => undefined,
  }
}

/** The transaction, with the tables of the version in front. */
function bind(tx: SqlTransaction, of: ProjectionVersion): DatabaseTx {
  const schema = projectionSchema(of)
  let placed: Promise<unknown> | undefined
  return {
    get db() {
      return tx.db.withSchema(schema)
    },
    async sql(text, ...values) {
      placed ??= tx.sql`SELECT set_config('search_path', ${`${schema},public,pg_temp`}, true)`
      await placed
      return tx.sql(text, ...values)
    },
  }
}

/** A statement whose names cannot be bound; the schema's is made of a name that was checked. */
function statement(tx: SqlTransaction, text: string): Promise<unknown> {
  return tx.sql(Object.assign([text], { raw: [text] }))
}
