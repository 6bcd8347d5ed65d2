import { expect, test } from 'vitest'
import { fromLsnText } from '../protocol/lsn.ts'
import { leavingPoint } from './system.ts'

test('where a timeline was left', () => {
  const history = '1\t0/3000148\tno recovery target specified\n\n2\t16/B374D848\tbefore 2026-01-01 00:00:00+00\n'
  expect(leavingPoint(history, 1)).toBe(fromLsnText('0/3000148'))
  expect(leavingPoint(history, 2)).toBe(fromLsnText('16/B374D848'))
  expect(leavingPoint(history, 3)).toBeUndefined()
  expect(leavingPoint('', 1)).toBeUndefined()
})
