/** The parent's control port: the status document, gathered from everybody, and the restart of a host. */
import { openControlServer } from 'banyan/control'
import { BanyanError } from 'banyan/core'
import { portInUse } from '../process/ports.ts'
import { createParentDesk } from './desk.ts'
import { controlPortSetting } from './placing.ts'
import { gatherStatus } from './status.ts'
import type { SystemView } from './system-view.ts'

/** An open one. */
export interface ControlPort {
  close(): Promise<void>
}

const restartDrainMs = 3_000
/** A page asks once a second, a probe perhaps more often; the hosts are asked at most four times a second. */
const freshMs = 250

/** Opens it. */
export async function openControlPort(parent: SystemView): Promise<ControlPort> {
  const { environment } = parent
  let gathered: ReturnType<typeof gatherStatus> | undefined
  let gatheredAtMs = 0
  const status = (): ReturnType<typeof gatherStatus> => {
    const nowMs = environment.clock.monotonic()
    if (gathered === undefined || nowMs - gatheredAtMs > freshMs) {
      gatheredAtMs = nowMs
      gathered = gatherStatus(parent)
    }
    return gathered
  }
  const restart = async (name: string): Promise<boolean> => {
    const host = parent.hosts?.hosts.find(({ plan }) => plan.name === name)
    await host?.restart(restartDrainMs)
    return host !== undefined
  }
  const events = createParentDesk(parent)
  const at = { host: '127.0.0.1', port: parent.settings.controlPort }
  try {
    const server = await openControlServer(
      {
        environment,
        status,
        restart,
        events,
        bridges: events.bridges,
        projections: events.projections,
        sagas: events.sagas,
        token: parent.data?.token ?? '',
      },
      at,
    )
    return {
      async close() {
        await server.close(500)
        await events.close()
      },
    }
  } catch (error) {
    if (!(error instanceof BanyanError) || error.reason !== 'PORT_IN_USE') throw error
    throw portInUse({ ...at, owner: 'the status page', setting: controlPortSetting })
  }
}
