/** Cursors of paged lists: opaque to clients, and refused when they are not ours. */

/** The position as text that fits a URL. */
export function toCursor(position: readonly string[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** The position, or undefined when the text is no cursor of this many parts. */
export function fromCursor(cursor: string, parts: number): readonly string[] | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    const sound =
      Array.isArray(position) &&
      position.length === parts &&
      position.every((part) => typeof part === 'string' && !part.includes('\0'))
    return sound ? (position as readonly string[]) : undefined
  } catch {
    return undefined
  }
}
