/** A stream of text → lines, each bounded, so that a program that never ends its line cannot fill the memory of its parent. */
import type { Readable } from 'node:stream'

/** Longest line, in characters; what is longer is cut into pieces. */
export const maxLineChars = 32_768

/** Calls back with each line that is not empty; the last one needs no line end. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  const tell = (line: string): void => {
    for (let at = 0; at < line.length; at += maxLineChars) onLine(line.slice(at, at + maxLineChars))
  }
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) tell(line.endsWith('\r') ? line.slice(0, -1) : line)
    const whole = rest.length - (rest.length % maxLineChars)
    tell(rest.slice(0, whole))
    rest = rest.slice(whole)
  })
  stream.on('end', () => {
    tell(rest)
    rest = ''
  })
  stream.on('error', () => undefined)
}
