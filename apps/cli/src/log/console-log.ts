/**
 * One log stream for everything that runs: what programs write as JSON lines becomes readable, with the name of who wrote it
 * in a colour of its own. With `--json` lines pass as they are. When nobody reads, lines are dropped and counted, since a
 * full pipe must not fill the memory.
 */
import { formatLine, type LinePainter } from './format-line.ts'

/** What it writes to: standard output. */
export interface LogTarget {
  write(text: string): unknown
  readonly writableLength: number
}

/** See the top of the file. */
export interface ConsoleLog {
  /** A line that a child wrote. */
  line(from: string, line: string): void
  /** Something the parent itself has to say. */
  say(message: string, level?: 'info' | 'warn' | 'error'): void
  /** Text for people only; nothing with `--json`. */
  text(text: string): void
}

/** Text that waits for its reader at most, in bytes. */
export const maxWaitingBytes = 4 * 1024 * 1024

const levels = { info: 30, warn: 40, error: 50 }

/** Creates it. */
export function createConsoleLog(options: {
  readonly target: LogTarget
  readonly json: boolean
  readonly paint: LinePainter
  readonly now: () => number
}): ConsoleLog {
  const { target, json, paint, now } = options
  let dropped = 0
  const write = (text: string): void => {
    if (target.writableLength > maxWaitingBytes) return void dropped++
    if (dropped > 0) target.write(`banyan: ${dropped} lines were dropped, since nobody read them\n`)
    dropped = 0
    target.write(`${text}\n`)
  }
  const line = (from: string, text: string): void =>
    write(json ? toJsonLine(from, text, now()) : formatLine(from, text, paint))
  return {
    line,
    say: (message, level = 'info') =>
      line('banyan', JSON.stringify({ level: levels[level], time: now(), host: 'banyan', msg: message })),
    text(text) {
      if (!json) write(text)
    },
  }
}

/** A JSON object passes as it is; anything else becomes the message of one. */
function toJsonLine(from: string, text: string, time: number): string {
  if (text.startsWith('{') && text.endsWith('}')) return text
  return JSON.stringify({ level: 30, time, host: from, msg: text })
}
