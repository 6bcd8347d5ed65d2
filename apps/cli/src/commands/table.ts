/** Rows as a table of text, or as JSON for a program. */

/** A value as one cell; no line ends, no control characters. */
function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text =
    value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

/** Longest cell, in characters. */
export const maxCellChars = 120

/** The rows under their column names; columns in the order in which they first come. */
export function toTable(rows: readonly object[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  if (columns.length === 0) return ''
  const cells = rows.map((row) => columns.map((column) => cut(toCell((row as Record<string, unknown>)[column]))))
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...cells.map((row) => (row[index] as string).length)),
  )
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => text.padEnd(widths[index] as number))
      .join('  ')
      .trimEnd()
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)]
    .map((text) => `${text}\n`)
    .join('')
}

const cut = (text: string): string => (text.length <= maxCellChars ? text : `${text.slice(0, maxCellChars - 1)}…`)

/** Prints rows one way or the other; says how many there are when a person reads. */
export function printRows(rows: readonly object[], json: boolean): void {
  if (json)
    process.stdout.write(
      `${JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2)}\n`,
    )
  else process.stdout.write(`${toTable(rows)}(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})\n`)
}
