/** Watches a project's folder and begins the hosts anew when its code changes. A change that does not load leaves them as they are. */
import { relative, resolve, sep } from 'node:path'
import { createReloader } from 'banyan/control'
import { formatFailure } from '../failure.ts'
import type { Parent } from './parent.ts'

/** Ends the watching. */
export type StopWatching = () => Promise<void>

/** What is code or belongs to it. */
const wanted = /\.(ts|mts|js|mjs|json|sql)$/
const unwanted = /\.(test|spec)\.[mc]?[tj]s$|\.d\.ts$/

/** Whether a change of this file (a path within the project) means new code. */
export function isCode(path: string): boolean {
  if (path.split(/[/\\]/).some((part) => part === 'node_modules' || (part.startsWith('.') && part !== '.')))
    return false
  return wanted.test(path) && !unwanted.test(path)
}

/** Begins to watch. */
export async function watchProject(parent: Parent): Promise<StopWatching> {
  const { environment, project, log } = parent.options
  const dataDir = resolve(parent.settings.dataDir)
  const reloader = createReloader({
    environment,
    async reload(changed) {
      const more = changed.length > 3 ? ` and ${changed.length - 3} more` : ''
      log.say(`${changed.slice(0, 3).join(', ')}${more} changed: restarting hosts`)
      if (changed.includes('banyan.json')) log.say('banyan.json is read at the start only: restart banyan dev', 'warn')
      try {
        await parent.reload()
      } catch (error) {
        if (parent.state !== 'stopping') log.say(`not reloaded: ${formatFailure(error, false)}`, 'error')
      }
    },
  })
  const { watch } = await import('chokidar')
  const watcher = watch(project.folder, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path, stats) => {
      const inside = relative(project.folder, path)
      if (path === dataDir || path.startsWith(dataDir + sep)) return true
      if (inside === '') return false
      return stats?.isFile() === true ? !isCode(inside) : !isCode(`${inside}${sep}x.ts`)
    },
  })
  watcher.on('all', (_, path) => {
    const inside = relative(project.folder, path)
    if (isCode(inside)) reloader.changed(inside)
  })
  watcher.on('error', (error) => log.say(`watching: ${(error as Error).message}`, 'warn'))
  await new Promise<void>((done) => watcher.once('ready', () => done()))
  return async () => {
    reloader.close()
    await watcher.close()
  }
}
