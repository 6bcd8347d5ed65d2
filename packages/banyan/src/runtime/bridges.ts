/** The bridges of a host's services: are they right here, who keeps them at work, and what of it is a warning. */

import type { Bus } from '../bus/bus.ts'
import type { KeptGroup } from '../bus/log-keeper.ts'
import type { AnyContract } from '../contract/define-contract.ts'
import { BanyanError } from '../core/error.ts'
import type { Bridge, BridgeStatus } from './bridge.ts'
import { BridgeRunner } from './bridge-runner.ts'
import { readSettings } from './bridge-settings.ts'
import { noDatabase } from './refusals.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import { typesOf } from './subscriptions.ts'

/** The bridges of some services; nothing runs until each is started. */
export function createBridges(
  services: readonly ServiceRuntime[],
  bus: Bus | undefined,
  holder: string,
): readonly BridgeRunner[] {
  return services.flatMap((service) =>
    service.definition.bridges.map((bridge) => {
      const { store } = service
      if (store === undefined) throw noDatabase(service.name)
      return new BridgeRunner({ service, store, bus, holder }, bridge)
    }),
  )
}

/** Throws FAILED_PRECONDITION `BRIDGE_SETTINGS` with all that is wrong with the bridges of these services in this place. */
export function assertBridges(services: readonly ServiceRuntime[], bus: Bus | undefined): void {
  const faults = services.flatMap((service) =>
    service.definition.bridges.flatMap((bridge) =>
      faultsOf(service, bridge, bus).map((fault) => `service '${service.name}', bridge '${bridge.name}': ${fault}`),
    ),
  )
  if (faults.length === 0) return
  throw new BanyanError(
    'FAILED_PRECONDITION',
    `bridges cannot start:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    {
      reason: 'BRIDGE_SETTINGS',
    },
  )
}

function faultsOf(
  { name, system, definition }: ServiceRuntime,
  bridge: Bridge,
  bus: Bus | undefined,
): readonly string[] {
  const { settings, faults } = readSettings(bridge)
  const noBus = bridge.direction === 'out' && bus === undefined ? ['it reads the log, but this host has no bus'] : []
  if (faults.length > 0) return [...faults, ...noBus]
  const contract = definition.contract as unknown as AnyContract
  return [...bridge.faults({ system, service: name, contract, settings }), ...noBus]
}

/** Bridges out, for the log's keeper: what they have passed is audited like what any group has. */
export function bridgeGroups(
  services: readonly ServiceRuntime[],
  bridges: readonly BridgeRunner[],
): readonly KeptGroup[] {
  return bridges.flatMap((runner) => {
    const service = services.find(({ name }) => name === runner.service)
    const where = runner.bridge.direction === 'out' ? runner.bridge.inbox?.(runner.service) : undefined
    if (where === undefined || service?.store === undefined) return []
    const types = new Set(runner.bridge.types ?? Object.values(service.definition.contract.events).flatMap(typesOf))
    return [{ ...where, types, inbox: service.store.inbox, lowWater: () => runner.lowWater() }]
  })
}

/** What somebody should look at; no reason to send traffic elsewhere. */
export function bridgeWarnings(statuses: readonly BridgeStatus[]): readonly string[] {
  return statuses.flatMap(({ service, name, state, lastError, alarms }) => {
    const said = state === 'failing' ? [lastError ?? 'it does not get on', ...alarms] : alarms
    return said.map((line) => `bridge ${name} of ${service}: ${line}`)
  })
}
