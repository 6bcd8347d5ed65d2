import { expect, test } from 'vitest'
import { maxCellChars, toTable } from './table.ts'

test('columns as wide as they need to be, in the order in which they come', () => {
  expect(
    toTable([
      { id: 1, name: 'a' },
      { id: 100, name: null, more: { x: 1 } },
    ]),
  ).toBe(['id   name  more', '---  ----  -------', '1    a', '100        {"x":1}', ''].join('\n'))
})

test('no rows, no table', () => {
  expect(toTable([])).toBe('')
})

test('cells are one line, without control characters, and not endless', () => {
  const text = toTable([{ a: 'x\ny\u001b[2J', b: 'z'.repeat(500), c: new Date(0) }])
  expect(text.split('\n')).toHaveLength(4)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  expect(text).toContain(`${'z'.repeat(maxCellChars - 1)}…`)
  expect(text).toContain('1970-01-01T00:00:00.000Z')
})
