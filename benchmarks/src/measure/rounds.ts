/**
 * Interleaved rounds: every variant is measured once per round, in an order that turns round with each, so that whatever
 * else the machine does falls on all of them. Ratios are taken within a round and only then summed up.
 */
import { median } from './statistics.ts'

/** Measurements by variant, one per round. */
export type Rounds<Sample> = ReadonlyMap<string, readonly Sample[]>

/** Runs `count` rounds over all variants. */
export async function interleave<Sample>(
  names: readonly string[],
  count: number,
  measure: (name: string) => Promise<Sample>,
): Promise<Rounds<Sample>> {
  const rounds = new Map<string, Sample[]>(names.map((name) => [name, []]))
  for (let round = 0; round < count; round++) {
    const order = round % 2 === 0 ? names : [...names].reverse()
    for (const name of order) rounds.get(name)?.push(await measure(name))
  }
  return rounds
}

/** Puts the rounds of several generations of processes behind one another. */
export function concatRounds<Sample>(all: readonly Rounds<Sample>[]): Rounds<Sample> {
  const names = [...(all[0]?.keys() ?? [])]
  return new Map(names.map((name) => [name, all.flatMap((rounds) => rounds.get(name) ?? [])]))
}

/** The median over rounds of one variant's number divided by another's in the same round. */
export function ratio<Sample>(
  rounds: Rounds<Sample>,
  name: string,
  to: string,
  read: (sample: Sample) => number,
): number {
  const base = rounds.get(to) ?? []
  const own = rounds.get(name) ?? []
  return median(own.map((sample, index) => read(sample) / read(base[index] as Sample)))
}
