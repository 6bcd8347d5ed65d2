import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, it } from 'vitest'
import { collectLogLines } from './log-lines.ts'

async function collect(chunks: readonly (string | Buffer)[]): Promise<{ seen: string[]; recent: readonly string[] }> {
  const stream = new PassThrough()
  const seen: string[] = []
  const lines = collectLogLines(stream, (line) => seen.push(line))
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await finished(stream)
  return { seen, recent: lines.recent }
}

it('puts lines together, also across chunks and inside a character, and the last without an end', async () => {
  const euro = Buffer.from('€')
  const { seen } = await collect(['one\ntw', 'o\n\n', euro.subarray(0, 1), euro.subarray(1), '\nlast'])
  expect(seen).toEqual(['one', 'two', '€', 'last'])
})

it('bounds a line and the number kept', async () => {
  const { seen, recent } = await collect(['x'.repeat(100_000), 'y'.repeat(100_000), '\n', 'line\n'.repeat(500)])
  expect(seen).toHaveLength(501)
  expect(seen[0]?.length).toBeLessThan(9000)
  expect(recent).toHaveLength(200)
})
