/** Decides every port before anything is started, so that a port in use costs one line and nothing has to be undone. */
import { reservePort } from '../process/ports.ts'
import type { DevSettings, PlacedProcess } from '../settings/dev-settings.ts'

/** How a person chooses another port. */
export const gatewayPortSetting = '--gateway-port or BANYAN_GATEWAY_PORT'
export const controlPortSetting = '--control-port or BANYAN_CONTROL_PORT'
export const schemaPortSetting = '--schema-port or BANYAN_SCHEMA_PORT'

/** The settings with real ports for those that were 0. `patienceMs`: what an earlier parent left running may still hold one. */
export async function placePorts(settings: DevSettings, patienceMs: number): Promise<DevSettings> {
  const gateway = { port: settings.gatewayPort, owner: 'the gateway', setting: gatewayPortSetting }
  const control = { port: settings.controlPort, owner: 'the status page', setting: controlPortSetting }
  const gatewayPort = await reservePort(gateway, patienceMs)
  const controlPort = await reservePort(control, patienceMs)
  // 0 stays: the registry takes a free one when it opens.
  const { schemaPort } = settings
  if (schemaPort)
    await reservePort({ port: schemaPort, owner: 'the schema registry', setting: schemaPortSetting }, patienceMs)
  const processes: PlacedProcess[] = []
  for (const one of settings.processes) {
    const wanted = { port: one.listensOn ?? 0, owner: one.name, setting: one.port?.env ?? '' }
    processes.push({ ...one, listensOn: one.port && (await reservePort(wanted, patienceMs)) })
  }
  return { ...settings, gatewayPort, controlPort, processes }
}
