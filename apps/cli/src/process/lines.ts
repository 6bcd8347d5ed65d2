/** A stream of text → lines, each bounded, so that a program that never ends its line cannot fill the memory of its parent. */
import type { Readable } from 'node:stream'

/** Longest line, in characters; what is longer is cut into pieces. */
export const maxLineChars = 32_768

/** Calls back with each line that is not empty; the last one needs no line end. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    for (; rest.length > maxLineChars; rest = rest.slice(maxLineChars)) onLine(rest.slice(0, maxLineChars))
  })
  stream.on('end', () => {
    if (rest !== '') onLine(rest)
    rest = ''
  })
  stream.on('error', () => undefined)
}
