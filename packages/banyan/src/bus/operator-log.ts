/** What the loops of this folder tell an operator. Structural, so that any logger fits. */

/** A line with fields. */
export interface OperatorLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Says nothing. */
export const silentLog: OperatorLog = { info: () => undefined, warn: () => undefined }

/** An error in one line of at most 500 characters: its name or code, its message, and that of its cause. */
export function toOneLine(error: unknown): string {
  const text = error instanceof Error ? `${nameOf(error)}: ${error.message}${causeOf(error)}` : String(error)
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 500 ? `${line.slice(0, 499)}…` : line
}

const nameOf = (error: Error): string => String((error as { readonly code?: unknown }).code ?? error.name)

/** What lies behind is often what an operator needs: which constraint, which host. */
function causeOf({ message, cause }: Error): string {
  if (!(cause instanceof Error) || cause.message === '' || message.includes(cause.message)) return ''
  return ` (${cause.message})`
}
