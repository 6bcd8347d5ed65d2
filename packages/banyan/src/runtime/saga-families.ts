/** Sagas in numbers: how many runs stand where, what is late, stuck or parked, and what the executors of this host have done. */
import type { SagaAudit } from '../store/sagas.ts'
import { type MetricFamily, type Sample, toFamily } from '../telemetry/metrics/metric-family.ts'
import type { HostFacts } from './host-facts.ts'
import type { HostStatus } from './host-status.ts'
import { entries, stateSamples } from './metrics-samples.ts'

/** Names, versions and states of one service that have series of their own. */
const maxKinds = 500

/** Of what databases say, the same on every host of a service. */
export function sagaFamilies({ sagas }: HostFacts): readonly MetricFamily[] {
  const of = (value: (audit: SagaAudit) => number): readonly Sample[] => entries(sagas, 'service', value)
  return [
    toFamily(
      'gauge',
      { name: 'banyan_sagas', help: 'Runs that have not ended, by where they stand.' },
      [...sagas].flatMap(([service, { counts }]) =>
        counts.map(({ name, version, state, held, waiting, due }) => ({
          labels: { service, name, version: String(version), state },
          value: held + waiting + due,
        })),
      ),
      maxKinds,
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_saga_overdue_seconds',
        unit: 'seconds',
        help: 'Since when the run that is due longest is not taken up; 0 when none is.',
      },
      of(({ overdueMs }) => Math.max(0, overdueMs) / 1_000),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_saga_locks', help: 'Locks that runs hold.' },
      of(({ locks }) => locks),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_saga_lock_waits', help: 'Runs that wait for a lock.' },
      of(({ lockWaits }) => lockWaits),
    ),
    toFamily('gauge', { name: 'banyan_sagas_parked', help: 'Runs that wait for a person.' }, of(parkedOf)),
  ]
}

function parkedOf({ counts }: SagaAudit): number {
  return counts
    .filter(({ state }) => state === 'parked')
    .reduce((sum, { held, waiting, due }) => sum + held + waiting + due, 0)
}

const executorStates = ['stopped', 'running', 'away'] as const

/** Of the executors of this host. */
export function sagaExecutorFamilies({ sagas }: HostStatus): readonly MetricFamily[] {
  const of = (value: (one: HostStatus['sagas'][number]) => number): readonly Sample[] =>
    sagas.map((one) => ({ labels: { service: one.service }, value: value(one) }))
  const counter = (name: string, help: string, value: (one: HostStatus['sagas'][number]) => number): MetricFamily =>
    toFamily('counter', { name, help }, of(value))
  return [
    toFamily(
      'gauge',
      {
        name: 'banyan_sagas_stuck',
        help: 'Runs of the service that should go on and have had no entry for the time that their saga says; as of the last look.',
      },
      sagas.flatMap(({ service, stuck, lookedMs }) =>
        lookedMs === undefined ? [] : [{ labels: { service }, value: stuck }],
      ),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_flow_late',
        help: 'Instances of the flow that wait for what should have come; as of the last look.',
      },
      sagas.flatMap(({ service, flows }) =>
        flows.map(({ flow, late }) => ({ labels: { service, flow }, value: late })),
      ),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_saga_executor_state', help: 'Whether this host goes on with runs: 1 for the state it is in.' },
      sagas.flatMap(({ service, state }) => stateSamples({ service }, executorStates, state)),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_saga_active_runs', help: 'Runs that this host advances now.' },
      of(({ active }) => active),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_saga_cached_runs', help: 'Runs that wait and are in memory.' },
      of(({ cached }) => cached),
    ),
    counter('banyan_saga_commits_total', 'Commits of journals by this host.', ({ commits }) => commits),
    counter(
      'banyan_saga_writes_total',
      'Writes to journals by this host; several share a commit.',
      ({ writes }) => writes,
    ),
    counter('banyan_saga_taken_total', 'Runs that this host has taken up.', ({ taken }) => taken),
    counter('banyan_saga_replays_total', 'Runs that were replayed from their journals.', ({ replayed }) => replayed),
    counter('banyan_saga_lost_total', 'Runs that another host or a person took from this one.', ({ lost }) => lost),
    counter('banyan_saga_parked_total', 'Runs that stopped here for a person.', ({ parkedHere }) => parkedHere),
    counter(
      'banyan_saga_undo_failures_total',
      'Runs that stopped here because an undo failed.',
      ({ undoFailures }) => undoFailures,
    ),
  ]
}
