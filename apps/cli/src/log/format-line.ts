/** A JSON log line (pino's names) as one readable line. What is no such line is shown as it is, after its origin's name. */

/** Puts colour on text, or not. */
export interface LinePainter {
  name(name: string): string
  level(level: string, text: string): string
  dim(text: string): string
}

const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }
const nameWidth = 16
const own: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'host', 'service', 'pid'])

type Fields = Readonly<Record<string, unknown>>

function parse(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const document: unknown = JSON.parse(line)
    return typeof document === 'object' && document !== null && 'msg' in document ? (document as Fields) : undefined
  } catch {
    return undefined
  }
}

/** Formats it. */
export function formatLine(from: string, line: string, paint: LinePainter): string {
  const fields = parse(line)
  const name = fields === undefined ? from : String(fields['service'] ?? fields['host'] ?? from)
  const head = paint.name(name.padEnd(nameWidth))
  if (fields === undefined) return `${head} ${withoutControls(line)}`
  const level = levels[Number(fields['level'])] ?? 'info'
  const time = toTime(fields['time'])
  const rest = Object.entries(fields)
    .filter(([key, value]) => !own.has(key) && value !== undefined && value !== null)
    .map(([key, value]) => `${paint.dim(`${key}=`)}${withoutControls(toText(key, value))}`)
  const parts = [
    paint.dim(time),
    head,
    paint.level(level, level.padEnd(5)),
    withoutControls(String(fields['msg'])),
    ...rest,
  ]
  return parts.join(' ')
}

function toTime(time: unknown): string {
  const date = new Date(Number(time))
  return Number.isNaN(date.getTime()) ? '--:--:--.---' : date.toISOString().slice(11, 23)
}

/** An error is its message here; the stack is in the JSON line. */
function toText(key: string, value: unknown): string {
  if (typeof value === 'object' && value !== null && key === 'error' && 'message' in value) return String(value.message)
  return typeof value === 'string' && !/[\s"=]/.test(value) ? value : (JSON.stringify(value) ?? '')
}

/** Nothing that a program logs may move the cursor or end the line of somebody's terminal. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, ' ')
}
