/** What a host tells the status page: the runtime's own account, and what only databases know, asked at most every two seconds. */
import type { Bus } from 'banyan/bus'
import type { Environment } from 'banyan/core'
import type { Host } from 'banyan/runtime'
import type { Store } from 'banyan/store'
import type { HostReport, ParkedSummary } from './messages.ts'
import type { HostStores } from './stores.ts'

/** Parked events listed per service. */
export const maxParked = 50
const freshMs = 2_000

interface Looked {
  readonly parked: readonly ParkedSummary[]
  readonly ends: Readonly<Record<string, number>>
}

interface Parts {
  readonly environment: Environment
  readonly host: Host
  readonly stores: HostStores
  readonly bus: Bus | undefined
  readonly gatewayUrl: string | undefined
}

/** Creates the function that reports. */
export function createReporter(parts: Parts): () => Promise<HostReport> {
  const { environment, host, gatewayUrl } = parts
  let looked: Promise<Looked> | undefined
  let lookedAtMs = Number.NEGATIVE_INFINITY
  return async () => {
    const nowMs = environment.clock.monotonic()
    if (looked === undefined || nowMs - lookedAtMs > freshMs) {
      lookedAtMs = nowMs
      looked = look(parts)
    }
    return { ...host.status(), gatewayUrl, memoryBytes: process.memoryUsage.rss(), ...(await looked) }
  }
}

async function look({ host, stores, bus }: Parts): Promise<Looked> {
  const sources = [...new Set(host.status().consumers.map(({ source }) => source))]
  const [parked, ends] = await Promise.all([
    Promise.all([...stores.opened].map(([service, store]) => parkedOf(service, store))),
    Promise.all(sources.map((source) => orNothing(endOf(source, bus)))),
  ])
  return { parked: parked.flat(), ends: Object.fromEntries(ends.filter((end) => end !== undefined)) }
}

async function endOf(source: string, bus: Bus | undefined): Promise<readonly [string, number]> {
  return [source, (await bus?.end(source)) ?? 0]
}

async function parkedOf(service: string, store: Store): Promise<readonly ParkedSummary[]> {
  const found = await orNothing(store.inbox.parked(maxParked))
  return (found ?? []).map(({ envelope: _, ...rest }) => ({ ...rest, service }))
}

/** A page about trouble must not fail because of it. */
const orNothing = <Result>(asked: Promise<Result>): Promise<Result | undefined> => asked.catch(() => undefined)
