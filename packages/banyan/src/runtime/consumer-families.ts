/** Consumers, dead letters, projections and scheduled events in numbers. */
import type { ConsumerStatus } from '../bus/consumer.ts'
import type { GroupProgress } from '../store/dead-letters.ts'
import { type MetricFamily, type Sample, toFamily } from '../telemetry/metrics/metric-family.ts'
import type { HostFacts } from './host-facts.ts'
import type { HostStatus } from './host-status.ts'
import { entries, stateSamples } from './metrics-samples.ts'
import { isScheduleSource } from './schedule/schedule-group.ts'

const consumerStates = ['stopped', 'waiting', 'assigned'] as const
const projectionStates = ['building', 'live', 'retired', 'dropped', 'refused', 'unknown'] as const

const counters = [
  ['applied', 'banyan_consumer_applied_events_total', 'Events applied by this host.'],
  [
    'skipped',
    'banyan_consumer_skipped_events_total',
    'Events passed over: applied before, or of a type without subscription.',
  ],
  ['parked', 'banyan_consumer_parked_events_total', 'Events parked by this host, those that wait behind one included.'],
  ['replayed', 'banyan_consumer_replayed_events_total', 'Parked events that were replayed with success.'],
] as const

/** Of consumers on this host. */
export function consumerFamilies({ consumers }: HostStatus, { logs }: HostFacts): readonly MetricFamily[] {
  const of = (value: (one: ConsumerStatus) => number | undefined): readonly Sample[] =>
    consumers.flatMap((one) => {
      const number = value(one)
      return number === undefined ? [] : [{ labels: { group: one.group, source: one.source }, value: number }]
    })
  // A host without the assignment does not know where the group is.
  const assigned = (one: ConsumerStatus): boolean => one.state === 'assigned'
  return [
    toFamily(
      'gauge',
      {
        name: 'banyan_consumer_lag_events',
        unit: 'events',
        help: 'Events in the log that the group has not done; of the host that consumes.',
      },
      of((one) => {
        const end = logs.get(one.source)?.end
        return end === undefined || !assigned(one) ? undefined : Math.max(0, end - one.cursor)
      }),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_consumer_low_water_offset',
        help: 'Everything up to this offset is done; of the host that consumes.',
      },
      of((one) => (assigned(one) ? one.cursor : undefined)),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_consumer_state', help: 'What this host does for the group: 1 for the state it is in.' },
      consumers.flatMap(({ group, source, state }) => stateSamples({ group, source }, consumerStates, state)),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_consumer_epoch', help: 'Epoch under which this host consumes; grows with each change of host.' },
      of(({ epoch }) => epoch),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_consumer_buffered_events', unit: 'events', help: 'Events read and not done, on this host.' },
      of(({ buffered }) => buffered),
    ),
    ...counters.map(([key, name, help]) =>
      toFamily(
        'counter',
        { name, unit: 'events', help },
        of((one) => one[key]),
      ),
    ),
    toFamily(
      'counter',
      { name: 'banyan_consumer_failed_attempts_total', unit: 'attempts', help: 'Attempts of handlers that failed.' },
      of(({ failed }) => failed),
    ),
    toFamily(
      'counter',
      { name: 'banyan_consumer_errors_total', help: "Failures of the consumer's own work; each is tried again." },
      of(({ errors }) => errors),
    ),
  ]
}

/** Of what is parked in the databases of this host's services, whoever parked it. */
export function deadLetterFamilies({ groups }: HostFacts): readonly MetricFamily[] {
  const of = (value: (one: GroupProgress) => number): readonly Sample[] =>
    [...groups].flatMap(([service, all]) =>
      all
        .filter(({ source }) => !isScheduleSource(source))
        .map((one) => ({ labels: { service, group: one.group, source: one.source }, value: value(one) })),
    )
  return [
    toFamily(
      'gauge',
      {
        name: 'banyan_parked_keys',
        unit: 'keys',
        help: 'Keys of which an event failed too often and waits for a person.',
      },
      of(({ parkedKeys }) => parkedKeys),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_parked_events',
        unit: 'events',
        help: 'Events that failed too often, and those that wait behind them.',
      },
      of(({ parkedEvents }) => parkedEvents),
    ),
  ]
}

/** Of projections that this host has the definitions of. */
export function projectionFamilies({ projections }: HostStatus): readonly MetricFamily[] {
  const labels = ({ name, version }: HostStatus['projections'][number]): { projection: string; version: string } => ({
    projection: name,
    version: String(version),
  })
  const of = (
    value: (progress: NonNullable<HostStatus['projections'][number]['progress']>) => number,
  ): readonly Sample[] =>
    projections.flatMap((one) =>
      one.progress === undefined ? [] : [{ labels: labels(one), value: value(one.progress) }],
    )
  return [
    toFamily(
      'gauge',
      { name: 'banyan_projection_state', help: 'Phase of a version of a projection: 1 for the one it is in.' },
      projections.flatMap((one) => stateSamples(labels(one), projectionStates, one.state)),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_projection_lag_events',
        unit: 'events',
        help: 'Events between where the version is and the ends of its logs.',
      },
      of(({ lag }) => lag),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_projection_events_per_second', help: 'Events that the version applies in a second, smoothed.' },
      of(({ eventsPerSecond }) => eventsPerSecond),
    ),
  ]
}

/** Of events that wait for their time. */
export function scheduledFamilies({ scheduled }: HostFacts): readonly MetricFamily[] {
  return [
    toFamily(
      'gauge',
      {
        name: 'banyan_scheduled_events',
        unit: 'events',
        help: 'Events that are published and not due, or due and not moved.',
      },
      entries(scheduled, 'service', ({ waiting }) => waiting),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_scheduled_overdue_seconds',
        unit: 'seconds',
        help: 'Since when the oldest scheduled event is due; 0 when none is.',
      },
      entries(scheduled, 'service', ({ overdueMs }) => overdueMs / 1_000),
    ),
  ]
}
