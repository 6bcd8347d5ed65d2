// What every tidy rule is: a function from one parsed file to the places where the file breaks it.
import type { SourceFile } from '../source/parse.ts'
import type { Violation } from '../source/sources.ts'

export type Rule = (file: SourceFile) => Violation[]

/** Makes violations of one rule in one file, from offsets into its text. */
export function reporter(rule: string, file: SourceFile): (offset: number, message: string) => Violation {
  return (offset, message) => ({ rule, path: file.path, line: file.lineOf(offset), message })
}

/** True when a comment with words in it stands on the line: the reason that some rules ask for. */
export function hasReason(file: SourceFile, offset: number): boolean {
  const line = file.lineOf(offset)
  return file.comments.some((comment) => /\w{3}/.test(comment.value) && file.lineOf(comment.start) === line)
}
