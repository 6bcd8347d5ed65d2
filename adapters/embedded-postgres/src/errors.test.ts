import { expect, it } from 'vitest'
import { EmbeddedPostgresError, fromLog, fromSystemError } from './errors.ts'

it.each([
  ['PANIC:  could not write to file "pg_wal/xlogtemp.12": No space left on device', 'DISK_FULL'],
  [
    'FATAL:  could not resize shared memory segment "/PostgreSQL.1" to 8 bytes: No space left on device',
    'START_FAILED',
  ],
  ['FATAL:  could not create shared memory segment: No space left on device', 'START_FAILED'],
  ['initdb: error: could not look up effective user ID 70123: user does not exist', 'NOT_PERMITTED'],
  ['postgres: error while loading shared libraries: libicuuc.so.60: cannot open', 'UNSUPPORTED_PLATFORM'],
  ['FATAL:  database files are incompatible with server', 'WRONG_VERSION'],
  ['FATAL:  unrecognized configuration parameter "x"', 'BAD_SETTING'],
  ['FATAL:  lock file "postmaster.pid" already exists', 'ALREADY_RUNNING'],
  ['FATAL:  data directory "/x" has wrong ownership', 'NOT_PERMITTED'],
  ['PANIC:  could not locate a valid checkpoint record at 0/1', 'CORRUPT'],
  ['FATAL:  incorrect checksum in control file', 'CORRUPT'],
  ['FATAL:  something nobody has seen', 'START_FAILED'],
])('reads %s as %s', (line, code) => {
  const error = fromLog(['LOG:  starting', line, 'LOG:  database system is shut down'], 'PostgreSQL did not start')
  expect(error).toMatchObject({ code, message: expect.stringContaining(line.trim()) })
  expect(error.hint).not.toBe('')
})

it('keeps its own errors, names the rest by what a person can do', () => {
  const own = new EmbeddedPostgresError('CORRUPT', 'a', 'b')
  expect(fromSystemError(own, 'x')).toBe(own)
  const errno = (code: string): Error => Object.assign(new Error(`${code}: no`), { code })
  const codes = ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO'].map(
    (code) => fromSystemError(errno(code), 'Cannot write').code,
  )
  expect(codes).toEqual(['DISK_FULL', 'DISK_FULL', 'NOT_PERMITTED', 'NOT_PERMITTED', 'START_FAILED'])
  expect(fromSystemError(errno('EIO'), 'Cannot write')).toMatchObject({
    message: 'Cannot write: EIO: no',
    cause: errno('EIO'),
  })
})
