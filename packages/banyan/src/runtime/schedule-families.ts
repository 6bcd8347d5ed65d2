/** Schedules in numbers: when each was settled last, whether it fails, what was missed. */
import { type MetricFamily, type Sample, toFamily } from '../telemetry/metrics/metric-family.ts'
import type { HostStatus } from './host-status.ts'
import type { ScheduleStatus } from './schedule/schedule-status.ts'

const outcomes = ['succeeded', 'failed', 'skipped', 'givenUp'] as const

/** Of schedules on this host. */
export function scheduleFamilies({ schedules }: HostStatus, nowMs: number): readonly MetricFamily[] {
  const of = (value: (one: ScheduleStatus) => number | undefined): readonly Sample[] =>
    schedules.flatMap((one) => {
      const number = value(one)
      return number === undefined ? [] : [{ labels: { service: one.service, schedule: one.name }, value: number }]
    })
  return [
    toFamily(
      'gauge',
      {
        name: 'banyan_schedule_settled_age_seconds',
        unit: 'seconds',
        help: 'Since the last occurrence that is settled; of the host that runs the schedule.',
      },
      of(({ settledMs }) => (settledMs === undefined ? undefined : Math.max(0, nowMs - settledMs) / 1_000)),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_schedule_failing',
        help: '1 while the last run failed and is tried again, or the database is away.',
      },
      of(({ state }) => (state === 'failing' ? 1 : 0)),
    ),
    toFamily(
      'counter',
      {
        name: 'banyan_schedule_runs_total',
        help: 'Runs of schedules on this host by outcome: skipped ones were missed, given up ones failed too often.',
      },
      schedules.flatMap((one) =>
        outcomes.map((outcome) => ({
          labels: { service: one.service, schedule: one.name, outcome: outcome === 'givenUp' ? 'given_up' : outcome },
          value: one[outcome],
        })),
      ),
    ),
  ]
}
