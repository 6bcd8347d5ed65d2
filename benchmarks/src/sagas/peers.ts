/**
 * Peers that are too heavy for everybody's install (a server of 226 MB) stand in a folder with a lock file of its own. It is installed
 * when a benchmark first asks for them, from that lock file and without running anybody's scripts, and again when the lock file changes.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = new URL('../../peers/', import.meta.url)
const installed = new URL('node_modules/.installed', folder)
const require = createRequire(new URL('package.json', folder))
const read = (url: URL): string => (existsSync(url) ? readFileSync(url, 'utf8') : '')

/** Installs them if they are not there as the lock file says. */
export function installPeers(say: (line: string) => void): void {
  const lock = read(new URL('package-lock.json', folder))
  if (read(installed) === lock) return
  say('installing the peers (benchmarks/peers)')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status, error } = spawnSync('npm', args, {
    cwd: fileURLToPath(folder),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw error ?? new Error(`npm ci in benchmarks/peers ended with ${status}`)
  writeFileSync(installed, lock)
}

/** A module of theirs. They are not there when this is compiled, so whoever asks says what it is. */
export async function importPeer<Module>(name: string): Promise<Module> {
  return (await import(pathToFileURL(require.resolve(name)).href)) as Module
}

/** A file of one of their packages. */
export function peerFile(name: string): string {
  return fileURLToPath(new URL(`node_modules/${name}`, folder))
}

/** Their versions, as they are pinned. */
export function peerVersions(): string {
  const { dependencies } = JSON.parse(read(new URL('package.json', folder))) as { dependencies: Record<string, string> }
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
