/** The text of a migration, and its checksum. Line ends do not count: a checkout on Windows is the same migration. */
import { createHash } from 'node:crypto'
import type { Migration } from 'banyan/store'

/** SHA-256 of the text with `\n` line ends, hexadecimal. */
export function toChecksum(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')
}

/** A migration of plain SQL. */
export function toMigration(name: string, sql: string): Migration {
  return { name, checksum: toChecksum(sql), up: sql }
}
