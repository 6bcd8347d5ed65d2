import { expect, test } from 'vitest'
import { fromLsnOrNull, fromLsnText, toLsnText } from './lsn.ts'

test('positions compare as numbers, not as texts', () => {
  const texts = ['0/9', '0/10', '0/FFFFFFFF', '1/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF']
  const positions = texts.map(fromLsnText)
  expect([...positions].sort((a, b) => (a < b ? -1 : 1))).toEqual(positions)
  expect(positions.map(toLsnText)).toEqual(texts)
  expect(toLsnText(fromLsnText('a/0000bc'))).toBe('A/BC')
  expect(fromLsnOrNull(null)).toBeUndefined()
})

test.each(['', '1', '0/', '/1', '0/123456789', '0/xyz', ' 0/1', '0/1\n0'])('%j is none', (text) => {
  expect(() => fromLsnText(text)).toThrow('is not a position')
})
