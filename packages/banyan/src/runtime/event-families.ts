/** The event path in numbers: outboxes, relays, logs, audits and retention. */
import type { AuditRun, LogKeeperStatus } from '../bus/log-keeper.ts'
import { type MetricFamily, type Sample, toFamily } from '../telemetry/metrics/metric-family.ts'
import type { HostFacts } from './host-facts.ts'
import type { HostStatus } from './host-status.ts'
import { entries, stateSamples } from './metrics-samples.ts'

const relayStates = ['stopped', 'starting', 'held', 'leading', 'failing'] as const

/** Of relays and their outboxes. */
export function relayFamilies({ relays }: HostStatus, { outboxes }: HostFacts): readonly MetricFamily[] {
  const of = (value: (relay: HostStatus['relays'][number]) => number | undefined): readonly Sample[] =>
    relays.flatMap((relay) => {
      const number = value(relay)
      return number === undefined ? [] : [{ labels: { source: relay.source }, value: number }]
    })
  return [
    toFamily(
      'gauge',
      {
        name: 'banyan_outbox_events',
        unit: 'events',
        help: 'Events committed to the outbox that are not in the log yet.',
      },
      entries(outboxes, 'source', ({ waiting }) => waiting),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_outbox_oldest_age_seconds',
        unit: 'seconds',
        help: 'Age of the oldest event that waits in the outbox; 0 when none does.',
      },
      entries(outboxes, 'source', ({ oldestMs }) => (oldestMs === undefined ? undefined : oldestMs / 1_000)),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_outbox_size_bytes',
        unit: 'bytes',
        help: 'Space that the ring of the outbox takes, sent events included.',
      },
      entries(outboxes, 'source', ({ bytes }) => bytes),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_relay_state', help: 'What the relay of an outbox does on this host: 1 for the state it is in.' },
      relays.flatMap(({ source, state }) => stateSamples({ source }, relayStates, state)),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_relay_epoch', help: 'Epoch under which this host relays; grows with each change of host.' },
      of(({ epoch }) => epoch),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_relay_lag_seconds',
        unit: 'seconds',
        help: 'Age of the oldest event of the last append, when it was appended.',
      },
      of(({ lagMs }) => (Number.isFinite(lagMs) ? lagMs / 1_000 : undefined)),
    ),
    toFamily(
      'counter',
      { name: 'banyan_relay_appended_events_total', unit: 'events', help: 'Events brought into the log by this host.' },
      of(({ appended }) => appended),
    ),
    toFamily(
      'counter',
      { name: 'banyan_relay_errors_total', help: 'Turns of the relay that failed; each is tried again.' },
      of(({ errors }) => errors),
    ),
    toFamily(
      'counter',
      { name: 'banyan_relay_fenced_total', help: 'How often another host took the relay over.' },
      of(({ fenced }) => fenced),
    ),
  ]
}

/** Of logs: where they begin and end, and what is kept for whom. */
export function logFamilies({ log }: HostStatus, { logs }: HostFacts): readonly MetricFamily[] {
  const pins = (value: (pin: LogKeeperStatus['pinned'][number]) => number): readonly Sample[] =>
    (log?.pinned ?? []).map((pin) => ({ labels: { source: pin.source, group: pin.group }, value: value(pin) }))
  const kept = log === undefined ? [] : [log]
  return [
    toFamily(
      'gauge',
      { name: 'banyan_log_start_offset', help: 'First offset of the log that is still there.' },
      entries(logs, 'source', ({ start }) => start),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_log_end_offset', help: 'Last offset of the log.' },
      entries(logs, 'source', ({ end }) => end),
    ),
    toFamily(
      'gauge',
      { name: 'banyan_log_pinned_events', unit: 'events', help: 'Events past their retention that wait for a reader.' },
      pins(({ events }) => events),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_log_pinned_bytes',
        unit: 'bytes',
        help: 'Space of events past their retention that wait for a reader.',
      },
      pins(({ bytes }) => bytes),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_log_pinned_age_seconds',
        unit: 'seconds',
        help: 'Since when the reader that events wait for stands still.',
      },
      pins(({ stoodMs }) => stoodMs / 1_000),
    ),
    toFamily(
      'counter',
      {
        name: 'banyan_log_dropped_events_total',
        unit: 'events',
        help: 'Events past their retention that this host dropped.',
      },
      kept.map(({ dropped }) => ({ labels: {}, value: dropped.events })),
    ),
    toFamily(
      'counter',
      {
        name: 'banyan_log_keeping_errors_total',
        help: 'Rounds of retention or audit that failed; the next one comes.',
      },
      kept.map(({ errors }) => ({ labels: {}, value: errors })),
    ),
  ]
}

/** Of audits: what the last one of each source and group found, how old it is, and whether it could run. */
export function auditFamilies({ log }: HostStatus, nowMs: number): readonly MetricFamily[] {
  const runs = Object.values(log?.audits ?? {})
  const of = (value: (run: AuditRun) => number | undefined): readonly Sample[] =>
    runs.flatMap((run) => {
      const number = value(run)
      return number === undefined ? [] : [{ labels: { source: run.source, group: run.group ?? '' }, value: number }]
    })
  const found = runs.flatMap(({ source, group = '', findings }) =>
    Object.entries(findings).map(([kind, value]) => ({ labels: { source, group, kind }, value })),
  )
  return [
    toFamily(
      'gauge',
      {
        name: 'banyan_audit_findings',
        help: 'What the last audit found: of a source missing, duplicated and inverted events, of a group unmarked ones. Anything but 0 is an alarm.',
      },
      found,
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_audit_ok',
        help: '1 when the last audit could run to its end, whatever it found; 0 when it could not.',
      },
      of(({ error }) => (error === undefined ? 1 : 0)),
    ),
    toFamily(
      'gauge',
      {
        name: 'banyan_audit_age_seconds',
        unit: 'seconds',
        help: 'Since the last audit that ran to its end; infinite when none has.',
      },
      of(({ doneAtMs }) => (doneAtMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, nowMs - doneAtMs) / 1_000)),
    ),
    toFamily(
      'counter',
      { name: 'banyan_audit_faulty_total', help: 'Audits since this host began that found something.' },
      of(({ faulty }) => faulty),
    ),
  ]
}
