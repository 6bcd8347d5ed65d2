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
  return reasonOn(file, file.lineOf(offset), /\w{3}/)
}

/** True when the linter was told why, on the line above, which is where it reads its comments. */
export function hasLintReason(file: SourceFile, offset: number, lintRule: string): boolean {
  return reasonOn(file, file.lineOf(offset) - 1, new RegExp(`biome-ignore \\S*${lintRule}: .*\\w{3}`))
}

function reasonOn(file: SourceFile, line: number, wanted: RegExp): boolean {
  return file.comments.some((comment) => wanted.test(comment.value) && file.lineOf(comment.start) === line)
}
