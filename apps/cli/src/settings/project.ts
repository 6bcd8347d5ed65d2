/**
 * A project: the folder that has a system, and its `banyan.json`, which says what the system is and how it is usually run.
 * The file is read strictly: a misspelt setting is an error, not a silence.
 */
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Split } from 'banyan/control'
import { CommandError } from '../failure.ts'
import { type ExtraProcess, readProjectFile } from './project-file.ts'

export type { ExtraProcess } from './project-file.ts'

/** See the top of the file. */
export interface Project {
  readonly folder: string
  /** The module of the system. */
  readonly systemPath: string
  readonly split: Split | undefined
  readonly gatewayPort: number | undefined
  readonly controlPort: number | undefined
  /** False: no schema registry. */
  readonly schemas?: false | { readonly port?: number }
  readonly processes: readonly ExtraProcess[]
}

/** Reads the project of a folder. Without a `banyan.json` the system is `./system.ts` and everything else is default. */
export async function loadProject(folder: string): Promise<Project> {
  const root = resolve(folder)
  const path = join(root, 'banyan.json')
  if (!(await isFolder(root)))
    throw new CommandError(`there is no folder ${root}`, 'Give the project with --project DIR.')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const file = readProjectFile(text ?? '{}', path)
  return {
    folder: root,
    systemPath: resolve(root, file.system ?? './system.ts'),
    split: file.split,
    gatewayPort: file.gateway?.port,
    controlPort: file.control?.port,
    ...(file.schemas === undefined ? {} : { schemas: file.schemas }),
    processes: file.processes,
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
