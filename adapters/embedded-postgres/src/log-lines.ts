// The server's log as lines: handed on one by one, the last ones kept to explain a failure. Bounded in both
// directions, so that neither an endless line nor an endless log grows this process.
import type { Readable } from 'node:stream'

const MAX_LINE_CHARS = 8 * 1024
const MAX_KEPT_LINES = 200

export interface LogLines {
  /** The last lines, oldest first. */
  readonly recent: readonly string[]
}

export function collectLogLines(stream: Readable, onLine: (line: string) => void): LogLines {
  const recent: string[] = []
  let rest = ''
  const emit = (line: string): void => {
    const text = line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)} … (cut)` : line
    recent.push(text)
    if (recent.length > MAX_KEPT_LINES) recent.shift()
    onLine(text)
  }
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    // What is beyond the limit of an unfinished line is dropped as it comes.
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS + 1)
    for (const line of lines) if (line.trim() !== '') emit(line)
  })
  stream.on('end', () => {
    if (rest.trim() !== '') emit(rest)
    rest = ''
  })
  return { recent }
}
