import { expect, it } from 'vitest'
import { mayPurge } from './drop.ts'

it.each([
  [1, '2.9.10', true],
  [3, '2.9.10', false],
  [3, '2.9.17', false],
  [3, '2.9.18', true],
  [3, '2.9.25', true],
  [5, '2.8.4', false],
  [3, '2.10.0', true],
  [3, '2.10.0-beta.1', true],
  [3, '3.0.0', true],
  [3, '', false],
  [3, 'unknown', false],
])('with %i copies on a server %s a purge up to a sequence is safe: %s', (copies, version, safe) => {
  expect(mayPurge({ num_replicas: copies }, version)).toBe(safe)
})
