/** Structured logging: one JSON object a line, in pino's field names, written by whoever owns the process. */

/** How bad it is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Facts beside the message. Never secrets, never bodies. */
export type LogFields = Readonly<Record<string, unknown>>

/** A log, with fields that every line of it carries. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  child(fields: LogFields): Log
}

const levels: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 }

/** Longest line; what is longer is cut, so that one bad message cannot fill a disk. */
const maxLineLength = 16_384

function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value
  const cause = value.cause === undefined ? {} : { cause: plain(value.cause) }
  return {
    name: value.name,
    message: value.message,
    stack: value.stack,
    ...('code' in value ? { code: value.code } : {}),
    ...cause,
  }
}

function toLine(document: Readonly<Record<string, unknown>>): string {
  try {
    const line = JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? String(value) : plain(value)))
    return line.length <= maxLineLength
      ? line
      : JSON.stringify({ ...document, cut: line.length }, ['level', 'time', 'msg', 'service', 'cut'])
  } catch {
    return JSON.stringify({ level: document['level'], time: document['time'], msg: document['msg'], unprintable: true })
  }
}

/**
 * Creates a log. `write` gets one line without its line end.
 *
 * @example
 * const lines: string[] = []
 * const log = createLog({ write: (line) => lines.push(line), now: () => 0, level: 'info' })
 * log.info('order placed', { orderId: 'o-1' })
 * lines[0] // '{"level":30,"time":0,"msg":"order placed","orderId":"o-1"}'
 */
export function createLog(options: {
  readonly write: (line: string) => void
  readonly now: () => number
  readonly level?: LogLevel
  readonly fields?: LogFields
}): Log {
  const least = levels[options.level ?? 'info']
  const emit = (level: LogLevel, msg: string, fields?: LogFields): void => {
    if (levels[level] < least) return
    options.write(toLine({ level: levels[level], time: options.now(), msg, ...options.fields, ...fields }))
  }
  return {
    debug: (message, fields) => emit('debug', message, fields),
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, fields) => emit('error', message, fields),
    child: (fields) => createLog({ ...options, fields: { ...options.fields, ...fields } }),
  }
}

/** A log that says nothing. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
}
