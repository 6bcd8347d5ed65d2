// A directory in the cache that is either complete or absent, whoever builds it at the same time. It is built in a
// staging folder, gets a manifest of its files and sizes, and is renamed into place; of two builders the second finds
// it there and throws its own away. What is found later is checked against the manifest (tmp cleaners delete single
// files, a power cut truncates them) and built anew when it does not match.
import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles } from './file-tree.ts'

const MANIFEST = 'banyan-manifest.json'
/** A staging folder this old belongs to a builder that died: nobody builds for an hour. */
const ABANDONED_AFTER_MS = 3_600_000
/** Rounds of "somebody was faster and what they left is not complete" before giving up. */
const MAX_ATTEMPTS = 3

export function isComplete(directory: string): boolean {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, MANIFEST), 'utf8')) as Record<string, number>
    for (const [path, size] of Object.entries(manifest)) {
      if (lstatSync(join(directory, path)).size !== size) return false
    }
    return true
  } catch {
    return false // not there, not readable, not whole: all the same to the caller
  }
}

/** Returns `<root>/<name>`, calling `build` with a staging path (not existing yet) when it must be made. */
export async function publishDirectory(
  root: string,
  name: string,
  build: (staging: string) => void | Promise<void>,
): Promise<string> {
  const target = join(root, name)
  if (isComplete(target)) return target
  removeAbandoned(root)
  const staging = join(root, `.staging-${name}-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    await build(staging)
    const manifest = JSON.stringify(Object.fromEntries(listFiles(staging)))
    writeFileSync(join(staging, MANIFEST), manifest, { mode: 0o644 })
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (moveIntoPlace(staging, target) || isComplete(target)) return target
    }
    throw new Error(`${target} could not be replaced`)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

function moveIntoPlace(staging: string, target: string): boolean {
  try {
    renameSync(staging, target)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error
  }
  if (!isComplete(target)) setAside(target)
  return false
}

function setAside(target: string): void {
  const aside = `${target}.broken-${randomBytes(4).toString('hex')}`
  try {
    renameSync(target, aside)
  } catch {
    return // another builder set it aside first
  }
  rmSync(aside, { recursive: true, force: true })
}

function removeAbandoned(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith('.staging-')) continue
    const path = join(root, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED_AFTER_MS) {
      rmSync(path, { recursive: true, force: true })
    }
  }
}
