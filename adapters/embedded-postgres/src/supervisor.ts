// The life of one embedded server: take the folder, end what an earlier life left, start, watch, start again, stop.
// All changes go through one queue, so that a restart and a stop never work on the same cluster at once.
import { createServer } from 'node:net'
import { Client } from 'pg'
import { type Binaries, installBinaries } from './binaries.ts'
import { ADMINISTRATOR } from './cluster.ts'
import { DEFAULT_STOP_LIMITS, endClusterProcesses, readPostmasterPid } from './cluster-processes.ts'
import { type DataDirectory, openDataDirectory, type PreparedData, prepareData } from './data-directory.ts'
import { EmbeddedPostgresError, fromLog, fromSystemError } from './errors.ts'
import { acquireLock, type Lock } from './lock.ts'
import type { EmbeddedPostgres, EmbeddedPostgresOptions } from './options.ts'
import type { PlatformPackage } from './platform.ts'
import { type Postmaster, startPostmaster } from './postmaster.ts'
import { run } from './run.ts'
import { chooseServiceUser, type ServiceUser } from './service-user.ts'
import { type Listening, toArguments } from './settings.ts'
import { clearSocketDirectory, createSocketDirectory, removeSocketDirectory, SOCKET_PORT } from './socket-directory.ts'

/** For the one login that proves that the server answers to the stored password. */
const LOGIN_TIMEOUT_MS = 10_000

interface Site {
  readonly directory: DataDirectory
  readonly lock: Lock
  readonly user: ServiceUser | undefined
  readonly binaries: Binaries
  readonly listening: Listening
  readonly data: PreparedData
  readonly arguments: readonly string[]
}

export async function superviseEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
  platform: PlatformPackage,
): Promise<EmbeddedPostgres> {
  // Refuse bad settings before anything is created.
  toArguments({ port: 0, socketDirectory: undefined }, options.maxConnections, options.settings)
  const directory = openDataDirectory(options.dataDir)
  const lock = acquireOrExplain(directory)
  try {
    const site = await prepareSite(options, platform, directory, lock)
    const postmaster = await launchFirst(site, options)
    return supervise(site, options, postmaster)
  } catch (error) {
    lock.release()
    throw fromSystemError(error, `Cannot start PostgreSQL on ${directory.path}`)
  }
}

function acquireOrExplain(directory: DataDirectory): Lock {
  try {
    return acquireLock(directory.path)
  } catch (error) {
    throw fromSystemError(error, `Cannot lock the data folder ${directory.path}`)
  }
}

async function prepareSite(
  options: EmbeddedPostgresOptions,
  platform: PlatformPackage,
  directory: DataDirectory,
  lock: Lock,
): Promise<Site> {
  const user = chooseServiceUser(directory.clusterDir)
  const binaries = await installBinaries(platform, user, options.cacheDir)
  await endPrevious(directory, binaries, options)
  const data = await prepareData(directory, binaries, user, platform.version)
  const listening = await chooseListening(directory, user)
  const args = toArguments(listening, options.maxConnections, options.settings)
  return { directory, lock, user, binaries, listening, data, arguments: args }
}

async function endPrevious(
  { clusterDir }: DataDirectory,
  binaries: Binaries,
  options: EmbeddedPostgresOptions,
): Promise<void> {
  if (process.platform === 'win32' && readPostmasterPid(clusterDir) !== undefined) {
    const args = ['stop', '-D', clusterDir, '-m', 'fast']
    await run(binaries.pgCtl, args, { cwd: clusterDir, user: undefined }) // not running: its own affair
  }
  const ended = await endClusterProcesses(clusterDir, DEFAULT_STOP_LIMITS)
  if (ended.length > 0) options.log?.(`ended the PostgreSQL an earlier run left behind (process ${ended.join(', ')})`)
}

async function chooseListening(directory: DataDirectory, user: ServiceUser | undefined): Promise<Listening> {
  if (process.platform === 'win32') return { port: await findFreePort(), socketDirectory: undefined }
  return { port: SOCKET_PORT, socketDirectory: createSocketDirectory(directory.path, user) }
}

function findFreePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.on('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
  })
  return promise
}

async function launch(site: Site, options: EmbeddedPostgresOptions): Promise<Postmaster> {
  const { binaries, user, listening, directory } = site
  if (listening.socketDirectory !== undefined) {
    createSocketDirectory(directory.path, user) // a cleaner of /tmp may have taken it
    clearSocketDirectory(listening.socketDirectory)
  }
  const postmaster = await startPostmaster({
    binaries,
    clusterDir: directory.clusterDir,
    user,
    arguments: site.arguments,
    log: options.log ?? (() => undefined),
  })
  try {
    await login(site)
    return postmaster
  } catch (error) {
    await postmaster.stop(DEFAULT_STOP_LIMITS)
    throw error
  }
}

async function launchFirst(site: Site, options: EmbeddedPostgresOptions): Promise<Postmaster> {
  try {
    return await launch(site, options)
  } catch (error) {
    if (site.listening.socketDirectory !== undefined) removeSocketDirectory(site.listening.socketDirectory)
    throw error
  }
}

function toUrl({ listening, data }: Site): string {
  const host = encodeURIComponent(listening.socketDirectory ?? '127.0.0.1')
  return `postgresql://${ADMINISTRATOR}:${encodeURIComponent(data.password)}@${host}:${listening.port}/postgres`
}

async function login(site: Site): Promise<void> {
  const client = new Client({ connectionString: toUrl(site), connectionTimeoutMillis: LOGIN_TIMEOUT_MS })
  client.on('error', () => undefined) // an end of the server during the login rejects connect() as well
  try {
    await client.connect()
  } catch (cause) {
    if ((cause as { code?: string }).code !== '28P01') {
      // A full disk can let a server start and then refuse the session: the message says so, as in the log.
      throw fromLog(
        [cause instanceof Error ? cause.message : String(cause)],
        'PostgreSQL started but refuses a session',
      )
    }
    throw new EmbeddedPostgresError(
      'NOT_PERMITTED',
      `The database does not accept the password in ${site.directory.path}/password (somebody changed it)`,
      'Delete that file and start again: a new password is then set.',
      { cause },
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}

function supervise(site: Site, options: EmbeddedPostgresOptions, first: Postmaster): EmbeddedPostgres {
  let postmaster = first
  let expected = false
  let stopped: Promise<void> | undefined
  let restarting: Promise<void> | undefined

  const watch = (watched: Postmaster): void => {
    void watched.exited.then((exit) => {
      if (!expected && watched === postmaster) options.onExit?.(exit)
    })
  }

  const endServer = async (): Promise<void> => {
    expected = true
    await postmaster.stop(DEFAULT_STOP_LIMITS)
    await postmaster.exited
  }

  const startAgain = async (): Promise<void> => {
    await endServer()
    try {
      postmaster = await launch(site, options)
    } catch (error) {
      throw fromSystemError(error, `Cannot restart PostgreSQL on ${site.directory.path}`)
    }
    expected = false
    watch(postmaster)
  }

  const end = async (): Promise<void> => {
    await restarting?.catch(() => undefined)
    await endServer()
    if (site.listening.socketDirectory !== undefined) removeSocketDirectory(site.listening.socketDirectory)
    site.lock.release()
  }

  watch(first)
  return {
    url: toUrl(site),
    host: site.listening.socketDirectory ?? '127.0.0.1',
    port: site.listening.port,
    user: ADMINISTRATOR,
    password: site.data.password,
    freshlyInitialised: site.data.freshlyInitialised,
    get pid() {
      return postmaster.pid
    },
    restart: () => {
      if (stopped !== undefined) return Promise.reject(alreadyStopped())
      restarting ??= startAgain().finally(() => {
        restarting = undefined
      })
      return restarting
    },
    stop: () => {
      stopped ??= end()
      return stopped
    },
  }
}

function alreadyStopped(): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'STOPPED',
    'This PostgreSQL was stopped',
    'Start a new one with startEmbeddedPostgres.',
  )
}
