/** What the loops of this folder tell an operator. Structural, so that any logger fits. */

/** A line with fields. */
export interface OperatorLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Says nothing. */
export const silentLog: OperatorLog = { info: () => undefined, warn: () => undefined }

/** An error in one line of at most 500 characters: its name or code, and its message. */
export function toOneLine(error: unknown): string {
  const text =
    error instanceof Error ? `${(error as { code?: unknown }).code ?? error.name}: ${error.message}` : String(error)
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 500 ? `${line.slice(0, 499)}…` : line
}
