/** `defineBridge`: what adapters make bridges with. A description; nothing is opened here. */
import { contractName } from '../contract/contract-faults.ts'
import { BanyanError } from '../core/error.ts'
import type { Bridge, BridgeSetting } from './bridge.ts'

/** What {@link defineBridge} takes: a bridge, with what may be left out. */
export interface BridgeSpec
  extends Pick<Bridge, 'name' | 'kind' | 'direction' | 'open'>,
    Partial<Pick<Bridge, 'actions' | 'inbox' | 'types' | 'faults' | 'act'>> {
  readonly settings?: Readonly<Record<string, BridgeSetting>>
}

/** Longest name of a bridge, in characters; it becomes part of other names. */
export const maxBridgeName = 50

/**
 * Describes a bridge; see {@link Bridge}. For adapters: services list what `fromPostgres`, `fromRabbit` and their like give.
 *
 * Errors: INVALID_ARGUMENT `INVALID_BRIDGE` for a name that is none.
 *
 * @example
 * const ticks = defineBridge({
 *   name: 'ticks', kind: 'clock', direction: 'in', settings: { zone: () => 'UTC' },
 *   open: async () => ({
 *     ended: new Promise(() => {}),
 *     stop: async () => {},
 *     report: () => ({ state: 'working', counters: {}, alarms: [] }),
 *   }),
 * })
 * ticks.settings.zone?.() // 'UTC'
 */
export function defineBridge(spec: BridgeSpec): Bridge {
  const { settings = {}, ...rest } = spec
  if (!contractName.test(spec.name) || spec.name.length > maxBridgeName)
    throw new BanyanError('INVALID_ARGUMENT', `a bridge cannot be named '${spec.name}'`, {
      reason: 'INVALID_BRIDGE',
      hint: `Names are up to ${maxBridgeName} lower case letters, digits and '-'.`,
    })
  return Object.freeze({
    actions: [],
    faults: () => [],
    act: async () => {
      throw new BanyanError('UNIMPLEMENTED', `a bridge of kind '${spec.kind}' can be asked for nothing`)
    },
    ...rest,
    $banyan: 'bridge',
    // Functions, so that nothing that prints a service prints an address with a password.
    settings: Object.freeze(
      Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, toReader(value)])),
    ),
  })
}

/** True for what {@link defineBridge} made, also in another copy of this package. */
export function isBridge(value: unknown): value is Bridge {
  return typeof value === 'object' && value !== null && (value as { $banyan?: unknown }).$banyan === 'bridge'
}

function toReader(setting: BridgeSetting): () => string | undefined {
  return typeof setting === 'function' ? setting : () => setting
}
