/** Measurements of something that serves: how much, how fast, and what it cost. */
import type { Load } from './closed-loop.ts'
import { type Rounds, ratio } from './rounds.ts'
import { median, toSpread } from './statistics.ts'
import { toTable, toText } from './table.ts'

/** A load, and the CPU it took; microseconds per call. */
export interface LoadSample extends Load {
  readonly serverUs: number
  readonly clientUs: number
}

/** One row per variant; ratios to `base`: rate (more is better), server's CPU and CPU of both (less is better). */
export function toLoadTable(title: string, rounds: Rounds<LoadSample>, base: string): string {
  const head = [
    title,
    'per s',
    'lowest – highest',
    'p50 µs',
    'p99 µs',
    'server CPU µs',
    'client CPU µs',
    '× rate',
    '× server CPU',
    '× CPU of both',
  ]
  const rows = [...rounds].map(([name, samples]) => {
    const rate = toSpread(samples.map(({ perSecond }) => perSecond))
    const middle = (read: (sample: LoadSample) => number): string => toText(median(samples.map(read)))
    return [
      name,
      toText(rate.median),
      `${toText(rate.min)} – ${toText(rate.max)}`,
      middle(({ p50Us }) => p50Us),
      middle(({ p99Us }) => p99Us),
      middle(({ serverUs }) => serverUs),
      middle(({ clientUs }) => clientUs),
      toText(ratio(rounds, name, base, ({ perSecond }) => perSecond)),
      toText(ratio(rounds, name, base, ({ serverUs }) => serverUs)),
      toText(ratio(rounds, name, base, ({ serverUs, clientUs }) => serverUs + clientUs)),
    ]
  })
  return toTable(head, rows)
}
