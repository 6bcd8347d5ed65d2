/**
 * All metrics of a host: what its status says, what its databases say, and what its instruments have counted. Numbers that the
 * status has anyway are not counted twice; they become families when somebody asks, and cost nothing until then.
 */
import type { Store } from '../store/store.ts'
import type { Meter } from '../telemetry/metrics/meter.ts'
import { type MetricFamily, type Sample, toFamily } from '../telemetry/metrics/metric-family.ts'
import { consumerFamilies, deadLetterFamilies, projectionFamilies, scheduledFamilies } from './consumer-families.ts'
import { auditFamilies, logFamilies, relayFamilies } from './event-families.ts'
import { createFacts, type HostFacts } from './host-facts.ts'
import type { HostOptions } from './host-options.ts'
import type { HostStatus } from './host-status.ts'
import { entries, stateSamples } from './metrics-samples.ts'
import { sagaExecutorFamilies, sagaFamilies } from './saga-families.ts'
import { scheduleFamilies } from './schedule-families.ts'

/** Whose metrics they are. */
interface Measured {
  readonly meter: Meter
  status(): HostStatus
}

const hostStates = ['new', 'starting', 'ready', 'draining', 'stopped', 'failed'] as const

/** Makes the function that gives all families. It never rejects for a database that is away: `banyan_metrics_answered` says so. */
export function createHostMetrics(
  { environment, bus }: Pick<HostOptions, 'environment' | 'bus'>,
  host: Measured,
  stores: () => ReadonlyMap<string, Store>,
): () => Promise<readonly MetricFamily[]> {
  const facts = createFacts({
    environment,
    bus,
    stores,
    sources: () => sourcesOf(host.status()),
    withSagas: () => host.status().sagas.map(({ service }) => service),
  })
  return async () => {
    const known = await facts()
    return [...hostFamilies(host.status(), known, environment.clock.now()), ...host.meter.collect()]
  }
}

function sourcesOf({ relays, consumers }: HostStatus): readonly string[] {
  return [...relays, ...consumers].map(({ source }) => source)
}

/** The families of a status and of what databases say. */
export function hostFamilies(status: HostStatus, facts: HostFacts, nowMs: number): readonly MetricFamily[] {
  return [
    ...lifeFamilies(status, facts),
    ...callFamilies(status),
    ...relayFamilies(status, facts),
    ...logFamilies(status, facts),
    ...auditFamilies(status, nowMs),
    ...consumerFamilies(status, facts),
    ...deadLetterFamilies(facts),
    ...projectionFamilies(status),
    ...scheduledFamilies(facts),
    ...scheduleFamilies(status, nowMs),
    ...sagaFamilies(facts),
    ...sagaExecutorFamilies(status),
  ]
}

function lifeFamilies({ state, readiness }: HostStatus, { answered }: HostFacts): readonly MetricFamily[] {
  return [
    toFamily('gauge', { name: 'banyan_host_ready', help: '1 when traffic is welcome.' }, [
      { labels: {}, value: readiness.ready ? 1 : 0 },
    ]),
    toFamily(
      'gauge',
      { name: 'banyan_host_state', help: 'Where the host is in its life: 1 for the state it is in.' },
      stateSamples({}, hostStates, state),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_metrics_answered',
        help: '1 when what knows these numbers answered in time; 0 when they are missing.',
      },
      entries(answered, 'part', (did) => (did ? 1 : 0)),
    ),
  ]
}

const outcomes = ['succeeded', 'refused', 'failed'] as const

function callFamilies({ services }: HostStatus): readonly MetricFamily[] {
  const operations = services.flatMap(({ name: service, operations: all }) =>
    Object.entries(all).map(([operation, counts]) => ({ labels: { service, operation }, counts })),
  )
  const ended: readonly Sample[] = operations.flatMap(({ labels, counts }) =>
    outcomes.map((outcome) => ({ labels: { ...labels, outcome }, value: counts[outcome] })),
  )
  return [
    toFamily(
      'gauge',
      { name: 'banyan_calls_in_flight', help: 'Calls of an operation under way on this host.' },
      operations.map(({ labels, counts }) => ({ labels, value: counts.inFlight })),
      maxOperations,
    ),
    toFamily(
      'counter',
      {
        name: 'banyan_calls_total',
        help: 'Calls that ended: well, with an error that the caller caused or the contract declares, or with any other.',
      },
      ended,
      maxOperations * outcomes.length,
    ),
  ]
}

/** Operations of one host that have series of their own. */
const maxOperations = 1_000
