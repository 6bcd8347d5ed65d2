/**
 * Who may hold how many database connections. A server has a fixed number of them, and a pool per service per host adds up
 * faster than one thinks; so the parent divides one budget, and no host can take what another was promised.
 */
import type { HostPlan } from './topology.ts'

/** Connections of a whole system, when nothing else is said. */
export const defaultConnectionBudget = 80
/** Kept back for what is not a pool: provisioning, migrations, `banyan db`. */
const reserved = 5
/** The log is read and written in short statements; besides its pool each host has one connection that listens. */
const busPool = { alone: 4, split: 2 }
const leastPerService = 2
const mostPerService = 10

/** The division. */
export interface ConnectionPlan {
  /** Size of each service's pool, wherever it runs. */
  readonly perService: number
  /** Size of the log's pool in each host that has services, besides one connection that listens. */
  readonly perBus: number
  /** What can be open at most. Over the budget only when there are too many services for it: then each still gets its least. */
  readonly total: number
}

/** Divides the budget among the hosts. */
export function planConnections(hosts: readonly HostPlan[], budget: number = defaultConnectionBudget): ConnectionPlan {
  const busy = hosts.filter((host) => host.services.length > 0)
  const services = busy.reduce((sum, host) => sum + host.services.length, 0)
  const perBus = busy.length > 1 ? busPool.split : busPool.alone
  const forBus = busy.length * (perBus + 1)
  const share = services === 0 ? 0 : Math.floor((budget - reserved - forBus) / services)
  const perService = Math.min(mostPerService, Math.max(leastPerService, share))
  return { perService, perBus, total: reserved + forBus + services * perService }
}
