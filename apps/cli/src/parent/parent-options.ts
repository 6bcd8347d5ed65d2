/** What a parent is told: how to run, what to run, where to say so. */
import type { Environment } from 'banyan/core'
import type { ConsoleLog } from '../log/console-log.ts'
import type { DevSettings } from '../settings/dev-settings.ts'
import type { Project } from '../settings/project.ts'

/** See the top of the file. */
export interface ParentOptions {
  readonly environment: Environment
  /** Ports may be 0; the parent finds free ones. */
  readonly settings: DevSettings
  readonly project: Project
  /** Path of this command's main module, which hosts are started with. */
  readonly cli: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: ConsoleLog
}
