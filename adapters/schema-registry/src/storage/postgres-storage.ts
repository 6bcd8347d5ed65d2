/** A registry's storage on Postgres: tables of its own in a database of its own, reached through a store. */
import { createHash } from 'node:crypto'
import type { SchemaReference, SchemaType } from 'banyan/control'
import type { Migration, Store, StoreTransaction } from 'banyan/store'
import type { NewSchema, SchemaStorage, StoredSchema, SubjectSettings, SubjectVersion } from './storage.ts'

const tables = `
CREATE TABLE schema (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type text NOT NULL,
  fingerprint text NOT NULL UNIQUE,
  text text NOT NULL,
  refs jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT banyan.now()
);
CREATE INDEX schema_refs ON schema USING gin (refs jsonb_path_ops);

-- '' stands for all subjects: it has settings and no versions.
CREATE TABLE subject (
  name text PRIMARY KEY,
  revision bigint NOT NULL DEFAULT 0,
  settings jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE version (
  subject text NOT NULL REFERENCES subject,
  version integer NOT NULL,
  schema_id integer NOT NULL REFERENCES schema,
  deleted boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT banyan.now(),
  PRIMARY KEY (subject, version)
);
CREATE INDEX version_schema_id ON version (schema_id);
`

/** The migrations of a registry's database. */
export const registryMigrations: readonly Migration[] = [
  { name: '001-schema-registry', checksum: createHash('sha256').update(tables).digest('hex'), up: tables },
]

/**
 * A storage in the database of a store; makes its tables when they are not there. Closing it closes the store.
 *
 * @example
 * const store = await createPostgresStore({ url: 'postgresql://…/shop__schemas', service: 'schemas' })
 * const storage = await openPostgresStorage(store)
 */
export async function openPostgresStorage(store: Store): Promise<SchemaStorage> {
  await store.migrate(registryMigrations)
  return createStorage(store)
}

interface SchemaRow {
  readonly id: number
  readonly type: SchemaType
  readonly fingerprint: string
  readonly text: string
  readonly refs: readonly SchemaReference[]
}

const toSchema = ({ id, type, fingerprint, text, refs }: SchemaRow): StoredSchema => ({
  id,
  type,
  fingerprint,
  schema: text,
  references: refs,
})

function createStorage(store: Store): SchemaStorage {
  return {
    async subjects({ prefix, deleted, limit }) {
      const rows = await store.sql<{ subject: string }>`
        SELECT DISTINCT subject FROM version
        WHERE starts_with(subject, ${prefix}) AND (${deleted} OR NOT deleted) ORDER BY subject LIMIT ${limit}`
      return rows.map(({ subject }) => subject).sort()
    },
    async subject(name) {
      const rows = await store.sql<{ revision: number; settings: SubjectSettings; versions: SubjectVersion[] }>`
        SELECT revision::float8 AS revision, settings, coalesce(
          (SELECT jsonb_agg(jsonb_build_object('subject', subject, 'version', version, 'id', schema_id, 'deleted', deleted)
             ORDER BY version) FROM version WHERE subject = name), '[]') AS versions
        FROM subject WHERE name = ${name}`
      return rows[0] ?? { revision: 0, settings: {}, versions: [] }
    },
    async listed({ prefix, latest, deleted, offset, limit }) {
      const rows = await store.sql<SchemaRow & { subject: string; version: number }>`
        SELECT own.subject, own.version, schema.* FROM version own JOIN schema ON schema.id = own.schema_id
        WHERE starts_with(own.subject, ${prefix}) AND (${deleted} OR NOT own.deleted) AND NOT (${latest} AND EXISTS (
          SELECT FROM version later WHERE later.subject = own.subject AND later.version > own.version
          AND (${deleted} OR NOT later.deleted)))
        ORDER BY own.subject COLLATE "C", own.version OFFSET ${offset} LIMIT ${limit}`
      return rows.map((row) => ({ ...toSchema(row), subject: row.subject, version: row.version }))
    },
    async schema(id) {
      const [row] = await store.sql<SchemaRow>`SELECT * FROM schema WHERE id = ${id}`
      return row && toSchema(row)
    },
    async byFingerprint(fingerprint) {
      const [row] = await store.sql<SchemaRow>`SELECT * FROM schema WHERE fingerprint = ${fingerprint}`
      return row && toSchema(row)
    },
    uses: (id) => store.sql<SubjectVersion>`
      SELECT subject, version, schema_id AS id, deleted FROM version WHERE schema_id = ${id} ORDER BY subject, version`,
    async isReferred(subject, version) {
      const wanted = JSON.stringify([{ subject, version }])
      const rows = await store.sql`
        SELECT 1 FROM schema WHERE refs @> ${wanted}::jsonb
        AND EXISTS (SELECT FROM version WHERE schema_id = schema.id) LIMIT 1`
      return rows.length > 0
    },
    append: (subject, revision, schema) => store.transact((tx) => append(tx, subject, revision, schema)),
    mark: (subject, versions, deleted) =>
      store.transact(async (tx) => {
        await touch(tx, subject)
        await tx.sql`UPDATE version SET deleted = ${deleted} WHERE subject = ${subject} AND version = ANY (${versions}::int[])`
      }),
    remove: (subject, versions) =>
      store.transact(async (tx) => {
        await touch(tx, subject)
        await tx.sql`DELETE FROM version WHERE subject = ${subject} AND version = ANY (${versions}::int[])`
      }),
    async configure(subject, settings) {
      await store.sql`
        INSERT INTO subject (name, revision, settings) VALUES (${subject}, 1, ${JSON.stringify(settings)}::jsonb)
        ON CONFLICT (name) DO UPDATE SET revision = subject.revision + 1, settings = excluded.settings`
    },
    ping: () => store.ping(),
    close: () => store.close(),
  }
}

async function touch(tx: StoreTransaction, subject: string): Promise<void> {
  await tx.sql`UPDATE subject SET revision = revision + 1 WHERE name = ${subject}`
}

async function append(
  tx: StoreTransaction,
  subject: string,
  revision: number,
  schema: NewSchema,
): Promise<SubjectVersion | undefined> {
  await tx.sql`INSERT INTO subject (name) VALUES (${subject}) ON CONFLICT DO NOTHING`
  const moved = await tx.sql`
    UPDATE subject SET revision = revision + 1 WHERE name = ${subject} AND revision = ${revision} RETURNING name`
  if (moved.length === 0) return undefined
  const id = await schemaId(tx, schema)
  const [row] = await tx.sql<{ version: number }>`
    INSERT INTO version (subject, version, schema_id)
    SELECT ${subject}, coalesce(max(version), 0) + 1, ${id} FROM version WHERE subject = ${subject} RETURNING version`
  return { subject, version: row?.version ?? 1, id, deleted: false }
}

/** Locks on conflict, so that ids are given out without gaps for schemas that are there already. */
async function schemaId(tx: StoreTransaction, { type, fingerprint, schema, references }: NewSchema): Promise<number> {
  const [known] = await tx.sql<{ id: number }>`SELECT id FROM schema WHERE fingerprint = ${fingerprint}`
  if (known !== undefined) return known.id
  const [added] = await tx.sql<{ id: number }>`
    INSERT INTO schema (type, fingerprint, text, refs)
    VALUES (${type}, ${fingerprint}, ${schema}, ${JSON.stringify(references)}::jsonb)
    ON CONFLICT (fingerprint) DO UPDATE SET fingerprint = excluded.fingerprint RETURNING id`
  return (added as { id: number }).id
}
