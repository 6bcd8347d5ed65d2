/**
 * Connection strings: `postgresql://user:password@host:port/database?…`, where the host may be a folder with a Unix socket,
 * either encoded (`@%2Frun%2Fpg`) or as `?host=/run/pg`. TLS settings stay in the query, as libpq has them.
 */
import { BanyanError } from 'banyan/core'

/** Who connects, and to which database. */
export interface Credentials {
  readonly user: string
  readonly password: string
  readonly database: string
}

/** The same server, another user and database. */
export function withCredentials(url: string, credentials: Credentials): string {
  const parsed = parse(url)
  const query = parsed.searchParams
  const host = query.get('host') ?? decodeURIComponent(parsed.hostname)
  const port = query.get('port') ?? parsed.port
  for (const name of ['host', 'port', 'user', 'password', 'dbname', 'options']) query.delete(name)
  const place = host.startsWith('/') ? encodeURIComponent(host) : host
  const login = `${encodeURIComponent(credentials.user)}:${encodeURIComponent(credentials.password)}`
  const rest = query.size === 0 ? '' : `?${query}`
  return `postgresql://${login}@${place}${port === '' ? '' : `:${port}`}/${encodeURIComponent(credentials.database)}${rest}`
}

/** The connection string without its password, for messages and logs. */
export function withoutPassword(url: string): string {
  try {
    const parsed = parse(url)
    if (parsed.password !== '') parsed.password = '***'
    if (parsed.searchParams.has('password')) parsed.searchParams.set('password', '***')
    return parsed.toString()
  } catch {
    return '(no connection string)'
  }
}

function parse(url: string): URL {
  try {
    return new URL(url)
  } catch {
    throw new BanyanError('INVALID_ARGUMENT', 'the connection string of the database is not a URL', {
      reason: 'DATABASE_URL_INVALID',
      hint: 'It looks like postgresql://user:password@host:5432/database; encode special characters of the password.',
    })
  }
}
