/** What the rig and its host processes say to each other. Times in milliseconds. */
import type { Fault } from './points.ts'

/** What a host process is told, as JSON in its first argument. */
export interface HostGiven {
  readonly system: SystemName
  /** The instance: stays the same over restarts. */
  readonly name: string
  readonly services: readonly string[]
  /** Databases of its services. */
  readonly stores: Readonly<Record<string, string>>
  readonly bus: string
  /** Also answers HTTP. */
  readonly gateway: boolean
}

export type SystemName = 'ledger' | 'shop'

/** Orders, and questions that are answered by their number. */
export type ToHost =
  | { readonly say: 'addresses'; readonly addresses: Readonly<Record<string, readonly string[]>> }
  | { readonly say: 'arm'; readonly id: number; readonly fault: Fault | undefined }
  | { readonly say: 'disarm'; readonly id: number }
  | { readonly say: 'go on' }
  | { readonly say: 'points'; readonly id: number }
  | {
      readonly say: 'invoke'
      readonly id: number
      readonly operation: string
      readonly input: unknown
      readonly key: string
    }

export type FromHost =
  | { readonly say: 'ready'; readonly address: string; readonly gateway: string | undefined }
  | { readonly say: 'answer'; readonly id: number; readonly ok?: unknown; readonly error?: string }

/** What a host of a cell does: it runs the watched sagas, or what they call. */
export type Role = 'sagas' | 'parts'
