/**
 * Positions in PostgreSQL's write-ahead log: 64 bit numbers, written as two hexadecimal halves. They are bigint here, so that
 * they compare as numbers: as texts, `0/9` would come after `0/10`.
 */

/** A position in the log. */
export type Lsn = bigint

const shape = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/

/** Reads `16/B374D848`. Throws for anything else. */
export function fromLsnText(text: string): Lsn {
  const found = shape.exec(text)
  if (found === null) throw new Error(`'${text}' is not a position in the log: it looks like 16/B374D848`)
  return (BigInt(`0x${found[1]}`) << 32n) | BigInt(`0x${found[2]}`)
}

/** Writes as PostgreSQL does. */
export function toLsnText(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
}

/** Reads one that may be missing. */
export function fromLsnOrNull(text: string | null | undefined): Lsn | undefined {
  return text === null || text === undefined ? undefined : fromLsnText(text)
}
