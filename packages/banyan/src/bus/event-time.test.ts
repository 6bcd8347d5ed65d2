import { expect, it } from 'vitest'
import { parseEventTime } from './event-time.ts'

it.each([
  '2026-11-23T09:49:04.007Z',
  '1970-01-01T00:00:00.000Z',
  '2024-02-29T23:59:59.999Z',
  '0001-01-01T00:00:00.000Z',
  '2026-02-30T00:00:00.000Z',
  '2026-11-23T24:00:00.000Z',
  '2026-11-23T09:49:04Z',
  '2026-11-23t09:49:04.1234567z',
  '2026-11-23T09:49:04.007+02:00',
])('reads %s as Date does', (text) => {
  expect(parseEventTime(text)).toBe(Date.parse(text.toUpperCase()))
})

it('reads every moment as it was written', () => {
  for (let ms = 0, turn = 0; turn < 2_000; turn++, ms += 86_399_999 * 7 + turn) {
    expect(parseEventTime(new Date(ms).toISOString())).toBe(ms)
  }
})

it.each([
  '2026-13-01T00:00:00.000Z',
  '2026-11-23T09:60:00.000Z',
  '2026-11-23T09:49:60.000Z',
  '2026-11-23 09:49:04.007Z',
  '2026-11-23T09:49:04.007',
  '2026-11-23',
  '',
])('refuses %j', (text) => {
  expect(parseEventTime(text)).toBeNaN()
})
