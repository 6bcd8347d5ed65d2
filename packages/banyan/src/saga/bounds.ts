/** Errors on their way into a journal, a note or an outcome: of bounded length, whatever a participant has answered. */
import { type BanyanError, type ErrorDocument, toErrorDocument } from '../core/error.ts'

/** Characters of an error's message that are kept. */
export const maxErrorMessage = 4_000
/** Characters of the JSON of an error's details that are kept; longer ones are left out whole. */
export const maxErrorDetails = 16_384
/** Issues of an error that are kept. */
export const maxErrorIssues = 20

/** A text, cut where it is too long. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

/** An error as it is kept. */
export function toKeptError(error: BanyanError): ErrorDocument {
  const { details, issues, ...document } = toErrorDocument(error)
  return {
    ...document,
    message: cut(document.message, maxErrorMessage),
    ...(isShort(details) && { details }),
    ...(issues !== undefined && {
      issues: issues.slice(0, maxErrorIssues).map((issue) => ({ ...issue, message: cut(issue.message, 500) })),
    }),
  }
}

function isShort(details: unknown): boolean {
  if (details === undefined) return false
  try {
    return (JSON.stringify(details)?.length ?? 0) <= maxErrorDetails
  } catch {
    return false
  }
}
