/** Loads the module that a project calls its system. */
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { isSystem, type System } from 'banyan/runtime'
import { CommandError } from '../failure.ts'

/** The system that a module exports by default; says what is wrong in one line when there is none. */
export async function loadSystem(path: string): Promise<System> {
  if (!existsSync(path))
    throw new CommandError(
      `there is no system at ${path}`,
      "Give the project with --project, or 'system' in its banyan.json.",
    )
  let module: { readonly default?: unknown }
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module
  } catch (error) {
    throw cannotLoad(path, error)
  }
  if (isSystem(module.default)) return module.default
  throw new CommandError(
    `${path} exports no system`,
    "Write `export default defineSystem({ name: '…', services: […] })`.",
  )
}

function cannotLoad(path: string, error: unknown): unknown {
  const { code, message, name } = error as NodeJS.ErrnoException
  if (code === 'ERR_MODULE_NOT_FOUND')
    return new CommandError(
      `${path} cannot be loaded: ${message}`,
      'Give the project with --project, or correct the import.',
    )
  if (name === 'BanyanError') return error
  return new CommandError(`${path} cannot be loaded: ${message}`, 'BANYAN_DEBUG=1 shows where.', { cause: error })
}
