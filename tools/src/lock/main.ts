// Completes package-lock.json in place (`npm run lock:complete`): run it after every `npm install`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../source/sources.ts'
import { completeLock, type Lock, missingOptional } from './complete.ts'

const file = join(repositoryRoot, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock
const missing = missingOptional(lock)
if (missing.length > 0) writeFileSync(file, `${JSON.stringify(completeLock(lock), null, 2)}\n`)
console.log(`package-lock.json: ${missing.length} optional packages of other platforms added`)
