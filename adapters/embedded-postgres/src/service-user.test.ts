import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { chooseServiceUser } from './service-user.ts'

const folder = mkdtempSync(join(tmpdir(), 'banyan-users-'))
afterAll(() => rmSync(folder, { recursive: true }))

function choose(passwd: string): unknown {
  const file = join(folder, 'passwd')
  writeFileSync(file, passwd)
  return chooseServiceUser(join(folder, 'no-cluster-yet'), 0, file)
}

it('drops nothing when we are not root, and on Windows', () => {
  expect(chooseServiceUser(folder, 1000)).toBeUndefined()
})

it('prefers postgres, then nobody, then anybody but root', () => {
  const root = 'root:x:0:0:root:/root:/bin/bash\n'
  const nobody = 'nobody:x:65534:65534::/nonexistent:/bin/false\n'
  expect(choose(`${root}${nobody}postgres:x:101:104::/:/bin/bash\n`)).toEqual({ uid: 101, gid: 104 })
  expect(choose(`${root}${nobody}`)).toEqual({ uid: 65534, gid: 65534 })
  expect(choose(`${root}daemon:x:1:1::/:/bin/false\n`)).toEqual({ uid: 1, gid: 1 })
  expect(choose(`${root}nobody:*:-2:-2:Nobody:/var/empty:/usr/bin/false\n`)).toEqual({
    uid: 4294967294,
    gid: 4294967294,
  })
})

it('says what to do when there is only root', () => {
  const refusal = expect.objectContaining({ code: 'NOT_PERMITTED', hint: expect.stringContaining('/passwd') })
  expect(() => choose('root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\nbroken line\n')).toThrow(refusal)
  const missing = join(folder, 'missing', 'passwd')
  expect(() => chooseServiceUser(join(folder, 'no-cluster-yet'), 0, missing)).toThrow(refusal)
})
