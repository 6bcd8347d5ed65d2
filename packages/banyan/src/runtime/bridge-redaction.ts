/**
 * Blanks settings out of what is said. A library that cannot connect may put the whole address into its message, and that
 * message goes to logs, the status page and the database.
 */
import { toOneLine } from '../bus/operator-log.ts'
import type { Log, LogFields } from '../telemetry/log.ts'
import type { BridgeReport, BridgeSettings } from './bridge.ts'

/** A text without secrets. */
export type Redact = (text: string) => string

/** Shorter ones are words of every message. */
const shortest = 4
const blank = '***'

export function createRedaction(settings: BridgeSettings): Redact {
  const secrets = Object.values(settings).flatMap(secretsOf)
  const known = [...new Set(secrets)].filter((secret) => secret.length >= shortest).sort((a, b) => b.length - a.length)
  return (text) => known.reduce((said, secret) => said.replaceAll(secret, blank), text)
}

/** The value; of an address also its password, as it stands there and as it is sent. */
function secretsOf(value: string): readonly string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]*?:([^/?#\s]*)@/i.exec(value)?.[1]
  if (password === undefined) return [value]
  return [value, password, decoded(password)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A log whose lines are blanked. */
export function redactLog(log: Log, redact: Redact): Log {
  const plain = (value: unknown): unknown => {
    if (typeof value === 'string') return redact(value)
    return value instanceof Error ? redact(toOneLine(value)) : value
  }
  const fieldsOf = (fields: LogFields = {}): LogFields =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]))
  return {
    debug: (message, fields) => log.debug(redact(message), fieldsOf(fields)),
    info: (message, fields) => log.info(redact(message), fieldsOf(fields)),
    warn: (message, fields) => log.warn(redact(message), fieldsOf(fields)),
    error: (message, fields) => log.error(redact(message), fieldsOf(fields)),
    child: (fields) => redactLog(log.child(fields), redact),
  }
}

/** A report that is blanked. */
export function redactReport(report: BridgeReport, redact: Redact): BridgeReport {
  const { lastError, alarms, detail } = report
  return {
    ...report,
    alarms: alarms.map(redact),
    ...(lastError === undefined ? {} : { lastError: redact(lastError) }),
    ...(detail === undefined ? {} : { detail: JSON.parse(redact(JSON.stringify(detail))) }),
  }
}
