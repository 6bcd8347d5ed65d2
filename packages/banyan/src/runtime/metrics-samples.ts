/** Samples out of what a host knows. */
import type { Labels, Sample } from '../telemetry/metrics/metric-family.ts'

/** One sample for each entry of a map, its key under this label; entries without a number are left out. */
export function entries<Value>(
  map: ReadonlyMap<string, Value>,
  label: string,
  of: (value: Value) => number | undefined,
): readonly Sample[] {
  return [...map].flatMap(([key, value]) => {
    const number = of(value)
    return number === undefined ? [] : [{ labels: { [label]: key }, value: number }]
  })
}

/** One sample for each state that there is: 1 for the one that it is in, 0 for the others, so that a change is a change of numbers. */
export function stateSamples(labels: Labels, states: readonly string[], current: string): readonly Sample[] {
  return states.map((state) => ({ labels: { ...labels, state }, value: state === current ? 1 : 0 }))
}
