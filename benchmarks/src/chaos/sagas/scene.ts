/** What a system needs to know of itself so that the rig can set it going and judge it. */
import type { Store } from 'banyan/store'
import type { Role, SystemName } from './words.ts'

export interface Scene {
  readonly system: SystemName
  /** Services of the hosts whose sagas are watched, and of the host beside them. */
  readonly sagas: readonly string[]
  readonly parts: readonly string[]
  readonly scenarios: readonly string[]
  /** A host without services answers HTTP for all; nothing happens to it. */
  readonly hasEdge: boolean
  /** Points that come again and again whether there is a saga or not; of each only the first few are tried. */
  readonly background?: RegExp
  /** The bound of a saga's end, in milliseconds. */
  readonly endMs: number
  /** Sets up whatever stands outside of the system. `naive`: the system is to make a mistake that has to be found. */
  open(naive: boolean): Promise<Outside>
}

/** What stands outside of the system: somebody else's systems. */
export interface Outside {
  readonly env: Readonly<Record<string, string>>
  play(stage: Stage): Promise<Play>
  stop(): Promise<void>
}

/** The running system, as far as a play goes. */
export interface Stage {
  /** Where the edge answers. */
  readonly edge: string
  openStore(service: string): Promise<Store>
  invoke(role: Role, operation: string, input: unknown, key: string): Promise<unknown>
}

/** How one key stands. */
export interface Standing {
  /** Undefined while it goes on. */
  readonly end: string | undefined
  /** Grows when a run changes hands. */
  readonly epoch: number
}

/** One cell's system, played. */
export interface Play {
  /** Sets a saga going and does what people do on its way. Ends early when it is told to. */
  drive(key: string, scenario: string, signal: AbortSignal): Promise<void>
  stand(key: string): Promise<Standing>
  /** The same for people, journals included. */
  describe(key: string): Promise<string>
  isLegal(scenario: string, end: string): boolean
  /** What is wrong with the books; empty when they balance. */
  findImbalance(key: string, end: string): Promise<readonly string[]>
  close(): Promise<void>
}
