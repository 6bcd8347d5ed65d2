// Copying a tree of plain files: program files into the cache, a template into a new cluster. Synchronous on purpose:
// it runs once, before anything is served, and a half copied tree is never visible (callers copy into a staging
// folder and rename). Only directories and regular files are taken: a link in a source could lead anywhere.
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServiceUser } from './service-user.ts'

export interface CopyOptions {
  readonly directoryMode: number
  readonly fileMode: (sourceMode: number) => number
  readonly owner?: ServiceUser | undefined
  /** Names (not paths) to leave out. */
  readonly skip?: (name: string) => boolean
}

export function copyTree(source: string, target: string, options: CopyOptions): void {
  mkdirSync(target)
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    if (options.skip?.(entry.name)) continue
    const from = join(source, entry.name)
    const to = join(target, entry.name)
    if (entry.isDirectory()) copyTree(from, to, options)
    else if (entry.isFile()) copyPlainFile(from, to, options)
  }
  own(target, options.directoryMode, options.owner)
}

function copyPlainFile(from: string, to: string, options: CopyOptions): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  own(to, options.fileMode(lstatSync(from).mode), options.owner)
}

function own(path: string, mode: number, owner: ServiceUser | undefined): void {
  chmodSync(path, mode)
  if (owner !== undefined) lchownSync(path, owner.uid, owner.gid)
}

/** Every file below `root` with its size, by relative path with forward slashes; links count as what they point to. */
export function listFiles(root: string, prefix = ''): Map<string, number> {
  const files = new Map<string, number>()
  for (const entry of readdirSync(join(root, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) for (const [name, size] of listFiles(root, path)) files.set(name, size)
    else files.set(path, lstatSync(join(root, path)).size)
  }
  return files
}

/** fsync calls that wait together share one commit of the file system's journal: 3 to 4 times as fast as one by one. */
const SYNC_CONCURRENCY = 16

/** Forces a whole tree to disk, so that a rename afterwards publishes content and not promises. */
export async function syncTree(root: string): Promise<void> {
  const directories = process.platform === 'win32' ? [] : listDirectories(root)
  const paths = [...[...listFiles(root).keys()].map((path) => join(root, path)), ...directories]
  const worker = async (): Promise<void> => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const handle = await open(path, directories.includes(path) ? 'r' : 'r+')
      await handle.sync().finally(() => handle.close())
    }
  }
  await Promise.all(Array.from({ length: SYNC_CONCURRENCY }, worker))
}

function listDirectories(root: string): string[] {
  const entries = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [root, ...entries.flatMap((entry) => listDirectories(join(root, entry.name)))]
}

export function syncPath(path: string): void {
  const isDirectory = lstatSync(path).isDirectory()
  if (isDirectory && process.platform === 'win32') return // Windows cannot flush a directory and need not
  const handle = openSync(path, isDirectory ? 'r' : 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Gives a tree of files to another owner. */
export function giveTree(root: string, owner: ServiceUser): void {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, entry.name)
    if (entry.isDirectory()) giveTree(path, owner)
    else lchownSync(path, owner.uid, owner.gid)
  }
  lchownSync(root, owner.uid, owner.gid)
}
