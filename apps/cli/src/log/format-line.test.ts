import { expect, test } from 'vitest'
import { createPainter, wantsColour } from './colour.ts'
import { createConsoleLog, maxWaitingBytes } from './console-log.ts'
import { formatLine } from './format-line.ts'
import { fromPostgresLine } from './postgres-line.ts'

const plain = createPainter(false)
const line = (document: object): string => formatLine('main', JSON.stringify(document), plain)
const time = Date.UTC(2026, 0, 2, 3, 4, 5, 67)

test('time, who, how bad, what, and the facts beside it', () => {
  expect(
    line({ level: 30, time, msg: 'order placed', host: 'main', service: 'orders', pid: 7, orderId: 'o-1', n: 2 }),
  ).toBe('03:04:05.067 orders           info  order placed orderId=o-1 n=2')
  expect(line({ level: 40, time, msg: 'slow', host: 'main', text: 'two words' })).toContain(
    'warn  slow text="two words"',
  )
})

test('an error is its message; the stack stays in the JSON', () => {
  const text = line({
    level: 50,
    time,
    msg: 'failed',
    error: { message: 'no luck', stack: 'Error: no luck\n    at x' },
  })
  expect(text).toContain('error="no luck"'.replaceAll('"', ''))
  expect(text).not.toContain('at x')
})

test('what is no log line is shown after the name of who wrote it', () => {
  expect(formatLine('neighbour', 'hello there', plain)).toBe('neighbour        hello there')
  expect(formatLine('neighbour', '{"a":1}', plain)).toBe('neighbour        {"a":1}')
  expect(formatLine('neighbour', '{broken', plain)).toBe('neighbour        {broken')
})

test('nothing that is logged can move the cursor or forge a line', () => {
  const text =
    line({ level: 30, time, msg: 'a\u001b[2Jb\nc', user: 'x\r\u009by' }) +
    formatLine('n', '\u001b]0;title\u0007', plain)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
})

test('a colour of its own for each name, the same each time; none without a terminal or with NO_COLOR', () => {
  const painter = createPainter(true)
  expect(painter.name('orders ')).toBe(painter.name('orders '))
  expect(painter.name('orders')).not.toBe(painter.name('payments').replace('payments', 'orders'))
  const terminal = { isTTY: true }
  expect(wantsColour(terminal, {})).toBe(true)
  expect(wantsColour(terminal, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColour(terminal, { TERM: 'dumb' })).toBe(false)
  expect(wantsColour({}, {})).toBe(false)
  expect(wantsColour({}, { FORCE_COLOR: '1' })).toBe(true)
})

function target() {
  const lines: string[] = []
  return { lines, writableLength: 0, write: (text: string) => lines.push(text) }
}

test('as JSON, lines pass as they are, and others become the message of one', () => {
  const out = target()
  const log = createConsoleLog({ target: out, json: true, paint: plain, now: () => 5 })
  log.line('main', '{"level":30,"msg":"x"}')
  log.line('neighbour', 'hello')
  log.text('for people')
  expect(out.lines).toEqual(['{"level":30,"msg":"x"}\n', '{"level":30,"time":5,"host":"neighbour","msg":"hello"}\n'])
})

test('when nobody reads, lines are dropped, and counted once somebody does again', () => {
  const out = target()
  const log = createConsoleLog({ target: out, json: false, paint: plain, now: () => 5 })
  out.writableLength = maxWaitingBytes + 1
  for (let index = 0; index < 3; index++) log.line('main', 'lost')
  expect(out.lines).toEqual([])
  out.writableLength = 0
  log.line('main', 'seen')
  expect(out.lines).toEqual(['banyan: 3 lines were dropped, since nobody read them\n', 'main             seen\n'])
})

test.each([
  ['2026-01-02 03:04:05.067 UTC [12] LOG:  starting PostgreSQL', 20, 'starting PostgreSQL'],
  ['2026-01-02 03:04:05.067 UTC [12] shop__orders@shop__orders ERROR:  deadlock detected', 50, 'deadlock detected'],
  ['2026-01-02 03:04:05.067 UTC [12] FATAL:  sorry, too many clients already', 50, 'sorry, too many clients already'],
  ['2026-01-02 03:04:05.067 UTC [12] WARNING:  low', 40, 'low'],
  ['\tcontinued', 20, 'continued'],
])('PostgreSQL: %j', (text, level, msg) => {
  const found = fromPostgresLine(text, time)
  expect(found.level).toBe(level)
  expect(JSON.parse(found.line)).toMatchObject({ level, msg, time, host: 'postgres' })
})
