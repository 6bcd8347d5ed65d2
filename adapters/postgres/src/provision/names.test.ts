/** Names of databases, connection strings, verifiers: what needs no server. */
import { expect, it } from 'vitest'
import { withCredentials, withoutPassword } from '../client/connection-string.ts'
import { assertServices, databaseName } from './names.ts'
import { toScramVerifier } from './scram.ts'

it('names a database after system and service', () => {
  expect(databaseName('shop', 'order-history')).toBe('shop__order-history')
})

it.each([
  ['', 'orders'],
  ['Shop', 'orders'],
  ['shop', 'or ders'],
  ['shop', 'a"; DROP DATABASE x; --'],
  ['shop__x', 'orders'],
  ['shop', '_orders'],
  ['shop', 'x'.repeat(58)],
])('refuses %s and %s', (system, service) => {
  expect(() => databaseName(system, service)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

it('refuses services that cannot have databases of their own', () => {
  expect(() => assertServices(['orders', 'bus'])).toThrow("'bus'")
  expect(() => assertServices(['orders', 'schemas'])).toThrow("a service cannot be called 'schemas'")
  expect(() => assertServices(['orders', 'orders'])).toThrow('twice')
})

const credentials = { user: 'shop__orders', password: 'p/w@#', database: 'shop__orders' }
it.each([
  ['postgresql://admin:x@db.example:6543/postgres?sslmode=verify-full', 'db.example:6543', '?sslmode=verify-full'],
  ['postgres://admin@[::1]:5432/postgres', '[::1]:5432', ''],
  ['postgresql://admin:x@%2Frun%2Fpg:5433/postgres', '%2Frun%2Fpg:5433', ''],
  ['postgresql:///postgres?host=/run/pg&user=admin&password=x&port=5433', '%2Frun%2Fpg:5433', ''],
])('keeps the server of %s', (url, place, query) => {
  const wanted = `postgresql://shop__orders:p%2Fw%40%23@${place}/shop__orders${query}`
  expect(withCredentials(url, credentials)).toBe(wanted)
})

it('shows connection strings without passwords', () => {
  expect(withoutPassword('postgresql://a:secret@h/d?password=secret')).not.toContain('secret')
  expect(withoutPassword('nonsense')).not.toContain('nonsense')
})

it('makes the verifier that Postgres would', () => {
  // Made by PostgreSQL 15 for this password; the salt is in it.
  const known = knownVerifier
  const salt = Buffer.from(known.split('$')[1]?.split(':')[1] ?? '', 'base64')
  expect(toScramVerifier('pencil', salt)).toBe(known)
})

const knownVerifier =
  'SCRAM-SHA-256$4096:uwaETPf05e0tzWXWhYG42g==$g4MjuqyNItsNC3g/pKeQv8zP5P4oIaEQkbYihY4sQHI=:JRVv1q7EnRa7S0FcOXzyS24jKJUVA6JkmDJq3kni5s8='
