/**
 * Which faults happen when: a schedule that one seed always gives again. What a fault meets is up to the machine, so a seed is a
 * schedule and not a replay.
 */
import { createVirtualEnvironment } from '../../core/environment/virtual/index.ts'

/** How often a fault comes beside others, and how long it lasts; times in milliseconds. */
export interface FaultKind {
  readonly weight: number
  /** From and to; 0 for what is over at once. */
  readonly forMs?: readonly [number, number]
}

/** One fault of a plan. */
export interface PlannedFault {
  readonly atMs: number
  readonly kind: string
  /** At least 0, less than 1: whom it meets among those that are there then. */
  readonly target: number
  readonly forMs: number
}

/** What a plan is made of; times in milliseconds. */
export interface FaultPlanOptions {
  readonly seed: number
  /** How long the plan is; no fault begins after it. */
  readonly lengthMs: number
  /** Time from one fault to the next, from and to. Default 300 to 1 500. */
  readonly everyMs?: readonly [number, number]
  readonly kinds: Readonly<Record<string, FaultKind>>
}

/** Longest plan; more would be a mistake in the units. */
const maxFaults = 1_000_000
const atOnce: readonly [number, number] = [0, 0]

/**
 * Plans faults.
 *
 * @example
 * const kinds = { kill: { weight: 3 }, pause: { weight: 1, forMs: [2_000, 5_000] } } as const
 * const plan = planFaults({ seed: 7, lengthMs: 60_000, kinds })
 */
export function planFaults({
  seed,
  lengthMs,
  everyMs = [300, 1_500],
  kinds,
}: FaultPlanOptions): readonly PlannedFault[] {
  const { random } = createVirtualEnvironment({ seed })
  const between = ([from, to]: readonly [number, number]): number => from + random.next() * (to - from)
  const plan: PlannedFault[] = []
  for (let atMs = between(everyMs); atMs < lengthMs && plan.length < maxFaults; atMs += Math.max(1, between(everyMs))) {
    const [kind, { forMs = atOnce }] = pick(kinds, random.next())
    plan.push({ atMs: Math.round(atMs), kind, target: random.next(), forMs: Math.round(between(forMs)) })
  }
  return plan
}

function pick(kinds: FaultPlanOptions['kinds'], fraction: number): [string, FaultKind] {
  const all = Object.entries(kinds).filter(([, { weight }]) => weight > 0)
  let rest = fraction * all.reduce((sum, [, { weight }]) => sum + weight, 0)
  for (const one of all) {
    rest -= one[1].weight
    if (rest < 0) return one
  }
  throw new Error('a plan of faults needs a kind with a weight above 0')
}

/** The one that a fraction means among what is there; undefined when there is nothing. */
export function targetOf<Target>(all: readonly Target[], fraction: number): Target | undefined {
  return all[Math.floor(fraction * all.length)]
}
