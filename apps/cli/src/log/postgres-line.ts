/** A line of PostgreSQL's own log as one of ours. What it says in the course of its work is for debugging only. */

const pattern = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \S+) \[\d+\] (?:(\S+)@\S+ )?([A-Z]+\d?): +(.*)$/
const levels: Readonly<Record<string, number>> = { WARNING: 40, ERROR: 50, FATAL: 50, PANIC: 50 }

/** A JSON line; level 20 for everything that is no trouble. */
export function fromPostgresLine(line: string, now: number): { readonly level: number; readonly line: string } {
  const [, time, user, severity = '', text] = pattern.exec(line) ?? []
  const level = levels[severity] ?? 20
  const timeMs = time === undefined ? now : Date.parse(`${time.replace(' ', 'T').replace(/ \S+$/, '')}Z`)
  const msg = text ?? line.trim()
  const by = user === undefined || user === '[unknown]' ? {} : { user }
  return { level, line: JSON.stringify({ level, time: timeMs, host: 'postgres', msg, ...by }) }
}
