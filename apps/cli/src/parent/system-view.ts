/** A running system as its status page and its log see it: what there is, to be looked at. */
import type { Provisioned } from '@banyan/postgres'
import type { Environment } from 'banyan/core'
import type { SystemDescription } from '../host/description.ts'
import type { DevSettings } from '../settings/dev-settings.ts'
import type { DataDirectory } from './data-directory.ts'
import type { SystemDatabase } from './database.ts'
import type { ExtraChild } from './extra-child.ts'
import type { HostGroup } from './host-group.ts'
import type { ParentOptions } from './parent-options.ts'

/** Where a parent is in its life. */
export type ParentState = 'starting' | 'running' | 'stopping'

/** See the top of the file. What is not there yet is undefined. */
export interface SystemView {
  readonly options: Pick<ParentOptions, 'cli' | 'project' | 'env'>
  readonly environment: Environment
  readonly state: ParentState
  /** With real ports once they are decided. */
  readonly settings: DevSettings
  readonly gatewayUrl: string
  readonly controlUrl: string
  readonly system: SystemDescription | undefined
  readonly data: DataDirectory | undefined
  readonly database: SystemDatabase | undefined
  /** Where the schema registry is; undefined until it is open, and when there is none. */
  readonly schemasUrl: string | undefined
  /** Connection strings of services and log. */
  readonly provisioned: Promise<Provisioned> | undefined
  readonly hosts: HostGroup | undefined
  readonly extras: readonly ExtraChild[]
}
