// The places a project is put in: under a closed home, installed without scripts, by root or by nobody, on a full disk,
// beside other users who would like to plant something.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it, type TestContext } from 'vitest'
import { locatePlatformPackage, type PlatformPackage } from './platform.ts'
import { EngineFolder, eventually, query, serversOf } from './testing/engine-folder.ts'

const folder = new EngineFolder()
const isRoot = process.getuid?.() === 0
const mounts: string[] = []

afterEach(() => {
  for (const path of mounts.splice(0)) spawnSync('umount', [path])
})
afterAll(() => folder.close())

/** A small file system, or the test is skipped with the reason. */
function mountTmpfs(context: TestContext, name: string, options: string): string {
  const path = folder.dataDir(name)
  mkdirSync(path, { recursive: true })
  const result = isRoot ? spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]) : undefined
  if (result?.status !== 0) context.skip('needs root with the right to mount a tmpfs')
  mounts.push(path)
  return path
}

/** The package as `npm ci --ignore-scripts` leaves it: without the links. */
function packageWithoutLinks(): PlatformPackage {
  const found = locatePlatformPackage()
  const nativeDir = join(folder.path, 'package', 'native')
  cpSync(found.nativeDir, nativeDir, { recursive: true, verbatimSymlinks: true })
  const links = readdirSync(join(nativeDir, 'lib'), { withFileTypes: true }).filter((entry) => entry.isSymbolicLink())
  for (const link of links) rmSync(join(nativeDir, 'lib', link.name))
  return { ...found, nativeDir }
}

describe('installing', () => {
  it('works after npm ci --ignore-scripts', async () => {
    const cacheDir = join(folder.path, 'scriptless')
    const server = await folder.start('scriptless-data', { cacheDir }, packageWithoutLinks())
    expect(await query(server.url, `SELECT 'ß' = lower('ẞ' COLLATE "und-x-icu") AS icu_works`)).toEqual([
      { icu_works: true },
    ])
    await server.stop()
  })

  it('survives two first starts at once in one cache', async () => {
    const cacheDir = join(folder.path, 'together')
    const names = ['together-a', 'together-b', 'together-c']
    const children = await Promise.all(names.map((name) => folder.startChild(name, { cacheDir })))
    expect(children.map((child) => child.report.error)).toEqual([undefined, undefined, undefined])
    for (const child of children) child.process.stdin?.end()
    await eventually('all have stopped', () => children.every((child) => child.process.exitCode === 0))
    expect(readdirSync(cacheDir).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('repairs a cache from which a cleaner took files', async () => {
    const cacheDir = join(folder.path, 'cleaned')
    await (await folder.start('cleaned-a', { cacheDir })).stop()
    const [programs = ''] = readdirSync(cacheDir).filter((name) => name.startsWith('postgresql-'))
    truncateSync(join(cacheDir, programs, 'bin', process.platform === 'win32' ? 'postgres.exe' : 'postgres'), 100)
    await (await folder.start('cleaned-b', { cacheDir })).stop()
  })
})

describe.skipIf(process.platform === 'win32')('a cache somebody else could write to', () => {
  const refusal = { code: 'NOT_PERMITTED', hint: expect.stringContaining('cacheDir') }

  it('is refused when others may write', async () => {
    const cacheDir = join(folder.path, 'open-cache')
    mkdirSync(cacheDir)
    chmodSync(cacheDir, 0o777)
    await expect(folder.start('open', { cacheDir })).rejects.toMatchObject(refusal)
    expect(readdirSync(cacheDir)).toEqual([])
  })

  it('is refused below a folder others may write to', async () => {
    mkdirSync(join(folder.path, 'shared-parent'))
    chmodSync(join(folder.path, 'shared-parent'), 0o777)
    const cacheDir = join(folder.path, 'shared-parent', 'cache')
    await expect(folder.start('below', { cacheDir })).rejects.toMatchObject(refusal)
  })

  it.skipIf(!isRoot)('is refused when it belongs to another user, also through a link', async () => {
    const planted = join(folder.path, 'planted')
    mkdirSync(planted)
    chownSync(planted, 65534, 65534)
    symlinkSync(planted, join(folder.path, 'link-to-planted'))
    await expect(folder.start('planted-a', { cacheDir: planted })).rejects.toMatchObject(refusal)
    const cacheDir = join(folder.path, 'link-to-planted')
    await expect(folder.start('planted-b', { cacheDir })).rejects.toMatchObject(refusal)
  })

  it('is not usable when programs may not run there', async (context) => {
    const cacheDir = mountTmpfs(context, 'noexec', 'size=200m,mode=755,noexec')
    await expect(folder.start('noexec-data', { cacheDir })).rejects.toMatchObject({ code: 'NOT_PERMITTED' })
  })
})

describe('the data folder', () => {
  it('that holds something else is left alone', async () => {
    const dataDir = folder.dataDir('documents')
    mkdirSync(dataDir)
    chmodSync(dataDir, 0o755)
    writeFileSync(join(dataDir, 'letter.txt'), 'dear reader')
    await expect(folder.start('documents')).rejects.toMatchObject({ code: 'NOT_PERMITTED', message: /letter\.txt/ })
    expect(readdirSync(dataDir)).toEqual(['letter.txt'])
    expect(statSync(dataDir).mode & 0o777).toBe(0o755)
  })

  it.skipIf(!isRoot)('of another user is refused with the way out', async () => {
    mkdirSync(folder.dataDir('theirs'), { mode: 0o700 })
    chownSync(folder.dataDir('theirs'), 65534, 65534)
    await expect(folder.start('theirs')).rejects.toMatchObject({ code: 'NOT_PERMITTED', hint: /chown/ })
  })
})

describe.runIf(isRoot)('as root', () => {
  it('works below a home of mode 700, with the data where they were asked for', async () => {
    mkdirSync(folder.dataDir('home'), { mode: 0o700 })
    const server = await folder.start('home/project/.banyan/postgres')
    await query(server.url, 'CREATE TABLE kept AS SELECT generate_series(1, 10) AS id')
    await query(server.url, 'CREATE DATABASE second')
    await query(server.url, 'CHECKPOINT')
    const cluster = join(folder.dataDir('home'), 'project', '.banyan', 'postgres', 'cluster')
    const owner = statSync(cluster).uid
    expect(owner).not.toBe(0)
    expect(lstatSync(join(cluster, '..')).uid).toBe(0)
    expect(statSync(`/proc/${server.pid}`).uid).toBe(owner)
    process.kill(server.pid, 'SIGKILL')
    await server.restart()
    expect(await query(server.url, 'SELECT count(*)::int FROM kept')).toEqual([{ count: 10 }])
    await server.stop()
  })

  it('keeps the user of an existing cluster, even one without a name', async () => {
    await (await folder.start('inherited')).stop()
    const cluster = join(folder.dataDir('inherited'), 'cluster')
    spawnSync('chown', ['-R', '54321:54321', cluster])
    const server = await folder.start('inherited')
    expect(statSync(`/proc/${server.pid}`).uid).toBe(54321)
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await server.stop()
  })
})

describe.runIf(isRoot)('in a container', () => {
  it('with only root and nobody runs as nobody', async (context) => {
    const passwd = join(folder.path, 'passwd')
    writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n')
    const script = `mount --bind ${passwd} /etc/passwd && exec "$@"`
    const prefix = ['unshare', '--mount', 'sh', '-c', script, 'sh']
    if (spawnSync('unshare', [...prefix.slice(1), 'true']).status !== 0)
      context.skip('needs the right to unshare mounts')
    const child = await folder.startChild('bare', { prefix })
    expect(child.report.error).toBeUndefined()
    expect(statSync(`/proc/${child.report.pid}`).uid).toBe(65534)
    expect(await query(child.report.url ?? '', 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    child.process.stdin?.end()
    await eventually('it has stopped', () => child.process.exitCode === 0)
  })

  it('whose root may not change users says what to allow', async (context) => {
    const prefix = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']
    if (spawnSync('setpriv', [...prefix.slice(1), 'true']).status !== 0) context.skip('needs setpriv')
    const child = await folder.startChild('powerless', { prefix })
    expect(child.report.error).toMatchObject({ code: 'NOT_PERMITTED', hint: expect.stringContaining('SETUID') })
  })

  it('whose user has no name says what to add', async (context) => {
    const user = { uid: 54321, gid: 54321 }
    skipUnlessOpenTo(user, context)
    mkdirSync(folder.dataDir('nameless'))
    chownSync(folder.dataDir('nameless'), user.uid, user.gid)
    const cacheDir = join(folder.dataDir('nameless'), 'cache')
    const child = await folder.startChild('nameless/data', { user, cacheDir, temporary: folder.dataDir('nameless') })
    expect(child.report.error).toMatchObject({ code: 'NOT_PERMITTED', hint: expect.stringContaining('/etc/passwd') })
  })
})

function skipUnlessOpenTo(user: { uid: number; gid: number }, context: TestContext): void {
  const script = fileURLToPath(new URL('./index.ts', import.meta.url))
  const isReadable = spawnSync('test', ['-r', script], user).status === 0
  const isRunnable = spawnSync(process.execPath, ['--version'], user).status === 0
  if (!isReadable || !isRunnable) context.skip('the checkout is closed to other users')
}

describe.runIf(isRoot)('as another user', () => {
  it('needs no drop and runs everything as that user', async (context) => {
    const nobody = { uid: 65534, gid: 65534 }
    skipUnlessOpenTo(nobody, context)
    mkdirSync(folder.dataDir('nobody'))
    chownSync(folder.dataDir('nobody'), nobody.uid, nobody.gid)
    const child = await folder.startChild('nobody/data', {
      user: nobody,
      cacheDir: join(folder.dataDir('nobody'), 'cache'),
      temporary: folder.dataDir('nobody'),
    })
    expect(child.report.error).toBeUndefined()
    const directory = await query(child.report.url ?? '', 'SHOW data_directory')
    expect(directory).toEqual([{ data_directory: join(folder.dataDir('nobody/data'), 'cluster') }])
    expect(statSync(`/proc/${child.report.pid}`).uid).toBe(nobody.uid)
    child.process.stdin?.end()
    await eventually('it has stopped', () => child.process.exitCode === 0)
  })
})

describe('a full disk', () => {
  it('on the first start leaves nothing half made, and the next start works', async (context) => {
    const path = mountTmpfs(context, 'small', 'size=25m,mode=755')
    const expected = { code: 'DISK_FULL', hint: expect.stringContaining('Free some disk space') }
    await expect(folder.start('small/data')).rejects.toMatchObject(expected)
    expect(readdirSync(join(path, 'data')).filter((name) => !name.startsWith('supervisor.lock.'))).toEqual([])
    spawnSync('mount', ['-o', 'remount,size=200m', path])
    await (await folder.start('small/data')).stop()
  })

  it('in the cache names the disk, too', async (context) => {
    const cacheDir = mountTmpfs(context, 'small-cache', 'size=70m,mode=755')
    await expect(folder.start('small-cache-data', { cacheDir })).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(readdirSync(cacheDir).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('after a crash: DISK_FULL until there is room, then every row', async (context) => {
    const path = mountTmpfs(context, 'filled', 'size=90m,mode=755')
    const server = await folder.start('filled/data')
    await query(server.url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id')
    process.kill(server.pid, 'SIGKILL')
    await eventually('it is dead', () => serversOf(folder.dataDir('filled/data')).length === 0)
    spawnSync('dd', ['if=/dev/zero', `of=${join(path, 'filler')}`, 'bs=64k'])
    await expect(server.restart()).rejects.toMatchObject({ code: 'DISK_FULL' })
    rmSync(join(path, 'filler'))
    await server.restart()
    expect(await query(server.url, 'SELECT count(*)::int FROM kept')).toEqual([{ count: 1000 }])
    await server.stop()
  })
})
