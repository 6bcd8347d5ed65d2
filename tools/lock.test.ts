// `npm ci` on every platform needs a lock file that names the packages of every platform.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Lock, missingOptional } from './src/lock/complete.ts'
import { repositoryRoot } from './src/source/sources.ts'

test('the lock file holds every optional package (npm run lock:complete)', () => {
  const lock = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')) as Lock
  expect(missingOptional(lock)).toEqual([])
})
