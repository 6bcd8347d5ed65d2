/**
 * The series of one instrument: one for each set of label values, made when it is first asked for and kept. Their number is
 * bounded: a label that somebody fills with ids must cost a wrong number and not the memory of the process. What comes after
 * the last that fits is counted in one series whose labels are all 'other'.
 */
import { type Labels, maxLabelChars, otherLabel } from './metric-family.ts'

/** See the top of the file. */
export interface SeriesSet<Series> {
  /** The series of these label values; the one named 'other' when there are too many. */
  of(labels: Labels): Series
  all(): readonly Series[]
}

/** Makes an empty set. `make` is called once for each series; labels not given are empty, those not declared are left out. */
export function createSeriesSet<Series>(
  names: readonly string[],
  maxSeries: number,
  make: (labels: Labels) => Series,
): SeriesSet<Series> {
  const known = new Map<string, Series>()
  let other: Series | undefined

  function toOther(): Series {
    other ??= make(Object.fromEntries(names.map((name) => [name, otherLabel])))
    return other
  }

  return {
    of(labels) {
      const values = names.map((name) => cut(labels[name] ?? ''))
      const key = JSON.stringify(values)
      const found = known.get(key)
      if (found !== undefined) return found
      if (values.length > 0 && values.every((value) => value === otherLabel)) return toOther()
      // The last place is that of 'other'.
      if (names.length > 0 && known.size >= maxSeries - 1) return toOther()
      const made = make(Object.fromEntries(names.map((name, index) => [name, values[index] as string])))
      known.set(key, made)
      return made
    },
    all: () => [...known.values(), ...(other === undefined ? [] : [other])],
  }
}

const cut = (value: string): string => (value.length > maxLabelChars ? value.slice(0, maxLabelChars) : value)
