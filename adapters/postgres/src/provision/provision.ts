/**
 * Makes what a system needs on a server, once and again: a database and a login role for each service, one for the log and,
 * where it is wanted, one for the schema registry, with nothing granted across. The administrator's connection is used here and nowhere else.
 */
import { BanyanError } from 'banyan/core'
import pg from 'pg'
import { withCredentials } from '../client/connection-string.ts'
import type { Session, SessionOptions } from '../client/session.ts'
import { alone } from '../store/alone.ts'
import { assertServices, busName, databaseName, schemasName } from './names.ts'
import { generatePassword, type PasswordStore } from './passwords.ts'
import { toScramVerifier } from './scram.ts'

/** What to provision. */
export interface ProvisionOptions {
  /** A superuser, or a role with CREATEDB and CREATEROLE. Not used when everything is overridden. */
  readonly adminUrl: string
  readonly system: string
  readonly services: readonly string[]
  readonly passwords: PasswordStore
  /** Also a database for a schema registry. Default false. */
  readonly schemas?: boolean
  /** Connection strings by service (and `bus`, `schemas`) that are used as they are; nothing is made for those. */
  readonly overrides?: Readonly<Record<string, string | undefined>>
  readonly log?: (message: string) => void
}

/** Connection strings of what was provisioned. */
export interface Provisioned {
  readonly services: Readonly<Record<string, string>>
  readonly bus: string
  /** The schema registry's, when it was asked for. */
  readonly schemas?: string
}

interface Place {
  readonly service: string
  readonly name: string
  readonly password: string
}

/** Any number; the same for all who provision on one server. */
const lockKey = '7016996765293437282'

/**
 * Provisions databases and roles; safe to run at every start and from several processes at once.
 *
 * Each role owns its own database, can connect to no other service's, and nobody else can connect to it. Passwords are
 * generated and set anew when the store of passwords has lost them. Postgres 15 to 18.
 *
 * Errors: INVALID_ARGUMENT for names Postgres would not keep; FAILED_PRECONDITION when the administrator may not create
 * databases and roles, or a database of that name belongs to somebody else; UNAVAILABLE when the server does not answer.
 *
 * @example
 * const { services, bus } = await provision({
 *   adminUrl: process.env.DATABASE_URL, system: 'shop', services: ['orders'], passwords: filePasswords('.banyan/passwords'),
 * })
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  assertServices(options.services)
  const urls: Record<string, string> = {}
  const missing: string[] = []
  for (const service of [...options.services, busName, ...(options.schemas === true ? [schemasName] : [])]) {
    const given = options.overrides?.[service]
    if (given === undefined || given === '') missing.push(service)
    else urls[service] = given
  }
  for (const service of missing) databaseName(options.system, service)
  if (missing.length > 0) {
    const places = await alone(adminSession(options.adminUrl), (admin) => makeAll(admin, missing, options))
    for (const place of places) urls[place.service] = urlOf(place, options.adminUrl)
  }
  const { [busName]: bus = '', [schemasName]: schemas, ...services } = urls
  return { services, bus, ...(schemas !== undefined && { schemas }) }
}

async function placeOf(service: string, options: ProvisionOptions): Promise<Place> {
  const name = databaseName(options.system, service)
  const known = await options.passwords.get(name)
  const password = known ?? generatePassword()
  if (known === undefined) await options.passwords.set(name, password)
  return { service, name, password }
}

function urlOf({ name, password }: Place, adminUrl: string): string {
  return withCredentials(adminUrl, { user: name, password, database: name })
}

function adminSession(url: string): SessionOptions {
  return {
    url,
    applicationName: 'banyan provision',
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
    idleInTransactionMs: 60_000,
    answerTimeoutMs: 0,
    prepareStatements: false,
  }
}

async function makeAll(
  admin: Session,
  missing: readonly string[],
  options: ProvisionOptions,
): Promise<readonly Place[]> {
  // An advisory lock of this database: all who provision with one administrator's URL take turns, passwords included.
  await admin.query('SELECT pg_advisory_lock($1)', [lockKey])
  const superuser = await assertAdministrator(admin)
  const places = await Promise.all(missing.map((service) => placeOf(service, options)))
  const names = places.map((place) => place.name)
  const roles = await admin.query('SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)', [names])
  const databases = await admin.query(
    'SELECT datname, pg_get_userbyid(datdba)::text AS owner FROM pg_database WHERE datname = ANY ($1)',
    [names],
  )
  const knownRoles = new Set(roles.rows.map((row) => row.rolname as string))
  const owners = new Map(databases.rows.map((row) => [row.datname as string, row.owner as string]))
  for (const place of places) {
    await makeRole(admin, place, knownRoles.has(place.name), superuser)
    const owner = owners.get(place.name)
    if (owner !== undefined && owner !== place.name) throw taken(place.name, owner)
    if (owner !== undefined) continue
    await makeDatabase(admin, place, options)
    options.log?.(`database ${place.name} created`)
  }
  return places
}

async function assertAdministrator(admin: Session): Promise<boolean> {
  const { rows } = await admin.query(
    'SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user',
  )
  const { rolsuper, rolcreatedb, rolcreaterole } = rows[0] ?? {}
  if (rolsuper === true || (rolcreatedb === true && rolcreaterole === true)) return rolsuper === true
  throw new BanyanError('FAILED_PRECONDITION', 'the administrator of DATABASE_URL may not create databases and roles', {
    reason: 'NOT_ADMINISTRATOR',
    hint: 'ALTER ROLE … CREATEDB CREATEROLE, or create the databases yourself and give DATABASE_URL_<SERVICE> for each.',
  })
}

async function makeRole(admin: Session, place: Place, known: boolean, superuser: boolean): Promise<void> {
  const role = pg.escapeIdentifier(place.name)
  const password = pg.escapeLiteral(toScramVerifier(place.password))
  await admin.script(`${known ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN PASSWORD ${password}`)
  // To give a database to a role one must be a member of it; superusers are of all.
  if (!superuser) await admin.script(`GRANT ${role} TO CURRENT_USER`)
}

async function makeDatabase(admin: Session, place: Place, options: ProvisionOptions): Promise<void> {
  const name = pg.escapeIdentifier(place.name)
  const encoding = await admin.query('SHOW server_encoding')
  // template0, because nobody can be connected to it: a connection to template1 would make this fail.
  const unicode = encoding.rows[0]?.server_encoding === 'UTF8' ? '' : ` ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`
  await admin.script(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0${unicode}`)
  await admin.script(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`)
  // As its owner: who logs in here has proved that the password works.
  await alone(adminSession(urlOf(place, options.adminUrl)), (own) =>
    own.script('REVOKE ALL ON SCHEMA public FROM PUBLIC'),
  )
}

function taken(name: string, owner: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `database '${name}' exists and belongs to '${owner}'`, {
    reason: 'DATABASE_TAKEN',
    hint: `Rename the system, or ALTER DATABASE "${name}" OWNER TO "${name}" when it is Banyan's.`,
  })
}
