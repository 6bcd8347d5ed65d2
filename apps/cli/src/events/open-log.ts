/** The log between services, whatever it is kept on, for somebody who looks at it. */
import type { Bus } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import { silentLog } from 'banyan/telemetry'
import { openBus } from '../host/stores.ts'

/** Opens it with as few connections as there can be. */
export async function openLog({ bus, system }: { readonly bus: string; readonly system: string }): Promise<Bus> {
  const log = await openBus({ bus, connections: { perService: 1, perBus: 1 } }, system, silentLog)
  if (log === undefined) throw new BanyanError('UNAVAILABLE', 'the system has no log', { reason: 'NO_BUS' })
  return log
}
