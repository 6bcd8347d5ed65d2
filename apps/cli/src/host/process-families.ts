/** The process itself in numbers, under the names that every Prometheus client gives them. */
import { type MetricFamily, toFamily } from 'banyan/telemetry'

/** As of now. */
export function processFamilies(): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage()
  const one = (value: number) => [{ labels: {}, value }]
  return [
    toFamily(
      'gauge',
      { name: 'process_resident_memory_bytes', unit: 'bytes', help: 'Resident memory of the process.' },
      one(process.memoryUsage.rss()),
    ),
    toFamily(
      'counter',
      { name: 'process_cpu_seconds_total', unit: 'seconds', help: 'Processor time that the process has used.' },
      one((user + system) / 1_000_000),
    ),
    toFamily(
      'gauge',
      { name: 'process_start_time_seconds', unit: 'seconds', help: 'When the process began, in seconds since 1970.' },
      one(startedSeconds),
    ),
  ]
}

const startedSeconds = Math.round(performance.timeOrigin / 1_000)
