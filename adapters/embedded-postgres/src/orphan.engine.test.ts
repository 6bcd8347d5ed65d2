// What an earlier supervisor leaves behind when it is killed, and two supervisors on one folder.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readProcStat } from './process-identity.ts'
import { type ChildSupervisor, EngineFolder, eventually, isRunning, query, serversOf } from './testing/engine-folder.ts'

const folder = new EngineFolder()
afterAll(() => folder.close())

const urlOf = (child: ChildSupervisor): string => child.report.url ?? ''

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => Number(readProcStat(pid)?.[1]) === parent)
}

/** Kills the supervisor together with its guardian, so that the server is really left alone. */
async function orphan(child: ChildSupervisor): Promise<void> {
  const isGuardian = (pid: number): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('banyan-guardian')
  const guardians = childrenOf(child.pid).filter(isGuardian)
  expect(guardians).toHaveLength(1)
  for (const pid of guardians) process.kill(pid, 'SIGKILL')
  child.process.kill('SIGKILL')
  await eventually('the supervisor is dead', () => !isRunning(child.pid))
}

describe.skipIf(process.platform === 'win32')('kill -9 of the supervisor', () => {
  it('takes the server with it, in order', async () => {
    const child = await folder.startChild('guarded')
    await query(urlOf(child), 'CREATE TABLE kept (id int)')
    child.process.kill('SIGKILL')
    await eventually('the server has ended', () => serversOf(folder.dataDir('guarded')).length === 0)
    const lines: string[] = []
    const server = await folder.start('guarded', { log: (line) => lines.push(line) })
    expect(await query(server.url, 'SELECT * FROM kept')).toEqual([])
    expect(lines.join('\n')).toContain('database system was shut down at')
    expect(lines.join('\n')).not.toContain('was interrupted')
    await server.stop()
  })
})

describe.runIf(process.platform === 'linux')('an orphaned server', () => {
  it('is ended by the next start, in order and without losing a row', async () => {
    const child = await folder.startChild('orphan')
    await query(urlOf(child), 'CREATE TABLE kept AS SELECT generate_series(1, 500) AS id')
    await orphan(child)
    const left = child.report.pid ?? 0
    expect(isRunning(left)).toBe(true)
    expect(await query(urlOf(child), 'SELECT count(*)::int FROM kept')).toEqual([{ count: 500 }])

    const lines: string[] = []
    const server = await folder.start('orphan', { log: (line) => lines.push(line) })
    expect(isRunning(left)).toBe(false)
    expect(server.pid).not.toBe(left)
    expect(server.url).toBe(urlOf(child))
    expect(await query(server.url, 'SELECT count(*)::int FROM kept')).toEqual([{ count: 500 }])
    expect(lines[0]).toMatch(new RegExp(`left behind .*${left}`))
    expect(lines.join('\n')).not.toContain('was interrupted')
    await server.stop()
  })

  it('that was killed as well leaves files that do not disturb, though its pid is somebody else now', async () => {
    const child = await folder.startChild('stale')
    await orphan(child)
    process.kill(child.report.pid ?? 0, 'SIGKILL')
    await eventually('all are gone', () => serversOf(folder.dataDir('stale')).length === 0)

    // The kernel gave the pid away again: to a program of the very user PostgreSQL runs as, the worst case.
    const pidFile = join(folder.dataDir('stale'), 'cluster', 'postmaster.pid')
    const lines = readFileSync(pidFile, 'utf8').split('\n')
    const innocent = spawn('sleep', ['600'], { cwd: '/', ...(await serviceUserOf('stale')) })
    writeFileSync(pidFile, [String(innocent.pid), ...lines.slice(1)].join('\n'))
    try {
      const server = await folder.start('stale')
      expect(innocent.exitCode ?? innocent.signalCode).toBeNull()
      expect(isRunning(innocent.pid ?? 0)).toBe(true)
      expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
      await server.stop()
    } finally {
      innocent.kill('SIGKILL')
    }
  })
})

async function serviceUserOf(name: string): Promise<{ uid: number; gid: number } | undefined> {
  const { chooseServiceUser } = await import('./service-user.ts')
  return chooseServiceUser(join(folder.dataDir(name), 'cluster'))
}

describe('two supervisors on one folder', () => {
  it('the second is told who was first, from this process and from another', async () => {
    const server = await folder.start('shared')
    const refusal = { code: 'ALREADY_RUNNING', message: expect.stringContaining(`Process ${process.pid} `) }
    await expect(folder.start('shared')).rejects.toMatchObject(refusal)
    const child = await folder.startChild('shared')
    expect(child.report.error).toMatchObject({ ...refusal, hint: expect.stringContaining('BANYAN_DATA_DIR') })
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await server.stop()
  })

  it('of six that start at once, over the lock of a dead one, exactly one runs', async () => {
    const dead = await folder.startChild('race')
    dead.process.kill('SIGKILL')
    await eventually('it is dead', () => !isRunning(dead.pid))
    const children = await Promise.all(Array.from({ length: 6 }, () => folder.startChild('race')))
    const winners = children.filter((child) => child.report.url !== undefined)
    expect(winners).toHaveLength(1)
    const losers = children.filter((child) => child.report.error !== undefined)
    expect(losers.map((child) => child.report.error?.code)).toEqual(Array(5).fill('ALREADY_RUNNING'))
    for (const loser of losers) expect(loser.report.error?.message).toContain(`Process ${winners[0]?.pid} `)
    winners[0]?.process.stdin?.end()
    await eventually('the winner has stopped', () => winners[0]?.process.exitCode === 0)
    expect(serversOf(folder.dataDir('race'))).toEqual([])
  })
})
