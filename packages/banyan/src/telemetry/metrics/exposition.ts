/**
 * Families as text: OpenMetrics 1.0, and the older text format 0.0.4 of Prometheus for whoever asks for nothing newer. They differ
 * in the names of counters, in units, in what is escaped in help, in how bounds are written, and in the last line, by which a
 * reader of OpenMetrics knows that nothing was cut off.
 *
 * Sources: https://prometheus.io/docs/specs/om/open_metrics_spec/ and https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { familyName, type HistogramSample, type Labels, type MetricFamily } from './metric-family.ts'

/** Which of the two. */
export type ExpositionFormat = 'openmetrics' | 'prometheus'

/** The media type of a format. */
export const expositionTypes: Readonly<Record<ExpositionFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
}

/**
 * The text of these families. Families without samples are left out.
 *
 * @example
 * const waiting = toFamily('gauge', { name: 'queue_events', help: 'Waiting.' }, [{ labels: { source: 'orders' }, value: 3 }])
 * toExposition([waiting], 'openmetrics').split('\n')[2] // 'queue_events{source="orders"} 3'
 */
export function toExposition(families: readonly MetricFamily[], format: ExpositionFormat): string {
  const told = families.filter(({ samples }) => samples.length > 0).flatMap((family) => toLines(family, format))
  const lines = format === 'openmetrics' ? [...told, '# EOF'] : told
  return lines.map((line) => `${line}\n`).join('')
}

function toLines(family: MetricFamily, format: ExpositionFormat): readonly string[] {
  const name = format === 'openmetrics' ? familyName(family, family.type) : family.name
  const help = toEscaped(family.help, format === 'openmetrics' ? /[\\\n"]/g : /[\\\n]/g)
  const unit = family.unit !== undefined && format === 'openmetrics' ? [`# UNIT ${name} ${family.unit}`] : []
  const samples =
    family.type === 'histogram'
      ? family.samples.flatMap((sample) => toBuckets(family.name, sample, format))
      : family.samples.map(({ labels, value }) => `${family.name}${toLabels(labels)} ${toNumber(value)}`)
  return [`# TYPE ${name} ${family.type}`, ...unit, `# HELP ${name} ${help}`, ...samples]
}

function toBuckets(name: string, { labels, bounds, counts, sum }: HistogramSample, format: ExpositionFormat): string[] {
  let total = 0
  const buckets = counts.map((count, index) => {
    total += count
    const bound = bounds[index]
    const le = bound === undefined ? '+Inf' : toBound(bound, format)
    return `${name}_bucket${toLabels({ ...labels, le })} ${total}`
  })
  return [...buckets, `${name}_sum${toLabels(labels)} ${toNumber(sum)}`, `${name}_count${toLabels(labels)} ${total}`]
}

/** As the clients of each format write it: a bound that is written otherwise is another series. */
function toBound(bound: number, format: ExpositionFormat): string {
  const text = toNumber(bound)
  return format === 'openmetrics' && Number.isInteger(bound) && !text.includes('e') ? `${text}.0` : text
}

function toLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${toEscaped(value, /[\\\n"]/g)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function toEscaped(text: string, what: RegExp): string {
  return text.toWellFormed().replace(what, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}

function toNumber(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
