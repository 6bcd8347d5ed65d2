import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { maxLineChars, readLines } from './lines.ts'

async function read(...chunks: (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough()
  const lines: string[] = []
  readLines(stream, (line) => lines.push(line))
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await new Promise((resolve) => stream.once('close', resolve))
  return lines
}

test('lines, however they are cut into pieces', async () => {
  expect(await read('a\nb', 'c\r\n', '\n', 'last')).toEqual(['a', 'bc', 'last'])
})

test('a letter that is cut in two stays whole', async () => {
  const bytes = Buffer.from('ä\n')
  expect(await read(bytes.subarray(0, 1), bytes.subarray(1))).toEqual(['ä'])
})

test('a line that never ends is cut, so that it cannot fill the memory', async () => {
  const lines = await read('x'.repeat(maxLineChars * 2), 'y\n', 'z'.repeat(maxLineChars + 2), '\n')
  expect(lines.map(({ length }) => length)).toEqual([maxLineChars, maxLineChars, 1, maxLineChars, 2])
})
