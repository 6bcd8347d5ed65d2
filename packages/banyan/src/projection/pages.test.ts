import { expect, it } from 'vitest'
import type { Bus, LoggedEvent } from '../bus/bus.ts'
import { rejection } from '../testing/suites/sample.ts'
import { createPages, maxPageChars } from './pages.ts'

/** A log of so many events; notes what is asked for. */
function logOf(count: number, chars = 10): { bus: Bus; asked: [after: number, limit: number][]; fail: boolean } {
  const asked: [number, number][] = []
  const all = Array.from({ length: count }, (_, index): LoggedEvent => {
    const offset = index + 1
    return { source: 's', offset, id: `${offset}`, type: 't', key: 'k', envelope: 'x'.repeat(chars) }
  })
  const log = {
    asked,
    fail: false,
    bus: {
      read: async (_source: string, after: number, limit: number) => {
        asked.push([after, limit])
        if (log.fail) throw new Error('away')
        return all.filter(({ offset }) => offset > after).slice(0, limit)
      },
    } as unknown as Bus,
  }
  return log
}

it('gives every event once, in order, and nothing after the end', async () => {
  const { bus } = logOf(5_000)
  const pages = createPages(bus, 's', 7, 2_000)
  const got: number[] = []
  for (;;) {
    const some = await pages.peek(300)
    if (some.length === 0) break
    expect(await pages.peek(300)).toEqual(some)
    got.push(...some.map(({ offset }) => offset))
    pages.drop(some.length)
  }
  expect(got).toEqual(Array.from({ length: 4_993 }, (_, index) => index + 8))
})

it('reads one page ahead, and no more', async () => {
  const { bus, asked } = logOf(50_000)
  const pages = createPages(bus, 's', 0, 2_000)
  await pages.peek(10)
  expect(asked).toEqual([
    [0, 500],
    [500, 2_000],
  ])
  expect(pages.buffered).toBe(500)
  pages.drop(500)
  await pages.peek(10)
  expect(asked).toHaveLength(3)
  await pages.close()
})

it('takes fewer events when they are large', async () => {
  const { bus, asked } = logOf(600, maxPageChars / 100)
  const pages = createPages(bus, 's', 0, 2_000)
  await pages.peek(1)
  expect(asked[1]).toEqual([500, 100])
})

it('tells whoever waits that a read has failed, and nobody else', async () => {
  const log = logOf(5_000)
  const pages = createPages(log.bus, 's', 0, 2_000)
  log.fail = true
  expect(await rejection(pages.peek(1))).toMatchObject({ message: 'away' })
  await pages.close()
})
