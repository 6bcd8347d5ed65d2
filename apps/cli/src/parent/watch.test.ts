import { expect, test } from 'vitest'
import { isCode } from './watch.ts'

test.each(['system.ts', 'orders/service.ts', 'orders/migrations/001-x.sql', 'banyan.json', 'a\\b.mts'])(
  '%s is code',
  (path) => {
    expect(isCode(path)).toBe(true)
  },
)

test.each([
  'orders/service.test.ts',
  'types.d.ts',
  'README.md',
  'node_modules/x/index.js',
  '.banyan/run.json',
  '.git/config.json',
  'orders/.service.ts.swp',
  'orders/.#service.ts',
])('%s is not', (path) => {
  expect(isCode(path)).toBe(false)
})
