/** What the numbers were measured on, without anything that names the machine. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, cpus, loadavg, platform, totalmem } from 'node:os'

const require = createRequire(import.meta.url)

function versionOf(name: string): string {
  for (const folder of require.resolve.paths(name) ?? [])
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version: string }).version
    } catch {}
  return 'not installed'
}

const measured = [
  'moleculer',
  'fastest-validator',
  '@trpc/server',
  'zod',
  'fastify',
  'undici',
  'pg',
  'postgres',
  'kysely',
  'pg-boss',
  'graphile-worker',
  '@event-driven-io/emmett-postgresql',
]

/** Versions of what is measured, and of what it runs on. */
export function toVersions(): string {
  return [`Node ${process.version.slice(1)}`, ...measured.map((name) => `${name} ${versionOf(name)}`)].join(', ')
}

/** Processor, cores, memory, system. */
export function toMachine(): string {
  const cores = cpus()
  const model = cores[0]?.model.trim() ?? 'unknown processor'
  return `${cores.length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GB, ${platform()} ${arch()}`
}

/** Processes that wanted to run, on the average of the last minute. */
export const toLoad = (): string => (loadavg()[0] ?? 0).toFixed(1)
