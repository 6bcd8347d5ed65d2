/** Gathers the status document: what the parent sees of its children, and what the hosts say of themselves. */
import type {
  ConsumerEntryStatus,
  ProcessStatus,
  RelayEntryStatus,
  ServiceEntryStatus,
  StatusDocument,
} from 'banyan/control'
import type { HostReport } from '../host/messages.ts'
import type { HostChild } from './host-child.ts'
import type { SystemView } from './system-view.ts'

/** How long a host may take to answer; then what it said last counts. */
const reportWithinMs = 1_000

interface Reported {
  readonly host: HostChild
  readonly report: HostReport | undefined
}

/** See the top of the file. */
export async function gatherStatus(parent: SystemView): Promise<StatusDocument> {
  const { environment } = parent
  const hosts = parent.hosts?.hosts ?? []
  const reported = await Promise.all(hosts.map(async (host) => ({ host, report: await host.report(reportWithinMs) })))
  const { database } = parent
  return {
    system: parent.system?.name ?? null,
    state: parent.state,
    time: new Date(environment.clock.now()).toISOString(),
    parent: { pid: process.pid },
    gateway: { url: parent.gatewayUrl },
    database: database === undefined ? null : { mode: database.mode, state: database.state },
    schemas: parent.schemasUrl === undefined ? null : { url: parent.schemasUrl },
    processes: [
      parentProcess(parent),
      ...databaseProcess(parent),
      ...reported.map(hostProcess),
      ...extraProcesses(parent),
    ],
    services: reported.flatMap((one) => servicesOf(parent, one)),
    relays: reported.flatMap(({ report }) => (report?.relays ?? []).map(toRelay)),
    consumers: reported.flatMap(({ report }) =>
      (report?.consumers ?? []).map((one) => toConsumer(one, report?.ends ?? {})),
    ),
    parked: reported.flatMap(({ report }) => report?.parked ?? []),
  }
}

function parentProcess(parent: SystemView): ProcessStatus {
  return {
    name: 'parent',
    kind: 'parent',
    pid: process.pid,
    state: parent.state === 'stopping' ? 'stopping' : 'ready',
    reasons: [],
    restarts: 0,
    address: parent.controlUrl,
    memoryBytes: process.memoryUsage.rss(),
  }
}

/** A server that is somebody else's is none of our processes. */
function databaseProcess({ database }: SystemView): readonly ProcessStatus[] {
  if (database === undefined || database.mode === 'server') return []
  const { state, restarts, pid } = database
  const reasons = state === 'waiting' ? ['it ended and is being started again'] : []
  return [{ name: 'postgres', kind: 'postgres', pid: pid ?? null, state, reasons, restarts }]
}

function hostProcess({ host, report }: Reported): ProcessStatus {
  const { plan, supervisor, reasons, address } = host
  return {
    name: plan.name,
    kind: 'host',
    pid: supervisor.pid ?? null,
    state: supervisor.state,
    reasons: supervisor.state === 'ready' ? [] : reasons,
    restarts: supervisor.restarts,
    services: plan.gateway ? [...plan.services, 'gateway'] : plan.services,
    ...(address === undefined ? {} : { address }),
    ...(report === undefined ? {} : { memoryBytes: report.memoryBytes }),
  }
}

function extraProcesses({ extras }: SystemView): readonly ProcessStatus[] {
  return extras.map(({ spec, supervisor }) => ({
    name: spec.name,
    kind: 'process',
    pid: supervisor.pid ?? null,
    state: supervisor.state,
    reasons: supervisor.lastEnd === undefined || supervisor.state === 'ready' ? [] : [`ended: ${supervisor.lastEnd}`],
    restarts: supervisor.restarts,
    ...(spec.listensOn === undefined ? {} : { address: `http://127.0.0.1:${spec.listensOn}` }),
  }))
}

function servicesOf({ system }: SystemView, { host, report }: Reported): readonly ServiceEntryStatus[] {
  return host.plan.services.map((name) => {
    const known = system?.services.find((one) => one.name === name)
    const said = report?.services.find((one) => one.name === name)
    return {
      name,
      version: said?.version ?? known?.version ?? '',
      owner: said?.owner ?? known?.owner ?? '',
      host: host.plan.name,
      state: host.supervisor.state,
      operations: said?.operations ?? {},
    }
  })
}

const lastErrorOf = (text: string | undefined): { readonly lastError?: string } =>
  text === undefined ? {} : { lastError: text }

function toRelay({ source, state, appended, lagMs, lastError }: HostReport['relays'][number]): RelayEntryStatus {
  return { source, state, appended, lagMs, ...lastErrorOf(lastError) }
}

function toConsumer(one: HostReport['consumers'][number], ends: HostReport['ends']): ConsumerEntryStatus {
  const { group, source, state, applied, failed, parked, cursor, lastError } = one
  const lag = state === 'assigned' ? Math.max(0, (ends[source] ?? 0) - cursor) : 0
  return { group, source, state, applied, failed, parked, lag, ...lastErrorOf(lastError) }
}
