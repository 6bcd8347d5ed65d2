import { expect, test } from 'vitest'
import { toEventId } from './event-id.ts'

test('the same change has the same id, any other another; they sort by time', () => {
  const id = toEventId(1_700_000_000_000, ['a', 1])
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(toEventId(1_700_000_000_000, ['a', 1])).toBe(id)
  expect(toEventId(1_700_000_000_000, ['a', 2])).not.toBe(id)
  expect(toEventId(1_700_000_000_000, ['a1'])).not.toBe(toEventId(1_700_000_000_000, ['a', '1']))
  expect(toEventId(1_700_000_000_001, ['a', 1]) > id).toBe(true)
  const many = new Set(Array.from({ length: 20_000 }, (_, index) => toEventId(5, [index])))
  expect(many.size).toBe(20_000)
})
