/** The list of trials: the points of a run without faults, each before and after. */
import { type Cell, roles } from './cell.ts'
import type { Mode, RigOptions } from './options.ts'
import type { Trial } from './trial.ts'
import { until } from './wait.ts'
import type { Role } from './words.ts'

/** A point of the system: of which kind of host, and which. */
export interface Point {
  readonly role: Role
  readonly point: string
}

/** What every host does again and again whether there is a saga or not; of each only the first few belong to one. */
const background = /sagas\.(beat|take|release|trim|counts)|inbox\.|outbox\.|scheduled\.|^bus\.|migrate/
const maxOfBackground = 2

const ordinalOf = (point: string): number => Number(point.slice(point.lastIndexOf('#') + 1))
const nameOf = (point: string): string => point.slice(0, point.lastIndexOf('#'))

/** The points of one scenario, found by running it. In an order that does not depend on who was quicker. */
export async function findPoints(cell: Cell, scenario: string, key: string): Promise<readonly Point[]> {
  const over = new AbortController()
  for (const role of roles) for (const process of cell.of(role)) await process.arm(undefined)
  const driven = cell.play.drive(key, scenario, over.signal)
  const hasEnded = await until(async () => (await cell.play.stand(key)).end !== undefined, cell.scene.endMs)
  over.abort()
  await driven
  // Before the books are read: that is no part of it.
  const found = await readPoints(cell)
  const { end = 'nothing' } = await cell.play.stand(key)
  const faults = hasEnded ? await cell.play.findImbalance(key, end) : ['it does not end']
  if (!hasEnded || faults.length > 0)
    throw new Error(`'${scenario}' without any fault: ${end}, ${faults.join('; ')}\n${await cell.play.describe(key)}`)
  return found.toSorted(byName)
}

async function readPoints(cell: Cell): Promise<readonly Point[]> {
  const found: Point[] = []
  for (const role of roles) {
    const names = await Promise.all(cell.of(role).map((process) => process.points()))
    for (const point of new Set(names.flat())) if (isWorthwhile(cell, point)) found.push({ role, point })
  }
  return found
}

function isWorthwhile({ scene }: Cell, point: string): boolean {
  const name = nameOf(point)
  const isBackground = background.test(name) || scene.background?.test(name) === true
  return !isBackground || ordinalOf(point) <= maxOfBackground
}

function byName(one: Point, other: Point): number {
  const [a, b] = [one, other].map(({ role, point }) => `${role} ${nameOf(point)}`) as [string, string]
  return a < b ? -1 : a > b ? 1 : ordinalOf(one.point) - ordinalOf(other.point)
}

/** The port of a point; the work inside a transaction counts as one. */
function portOf({ point }: Point): string {
  if (point.includes('.work#')) return 'work'
  if (point.includes('.commit(')) return point.includes('.begin#') ? 'begin' : 'end'
  const [first = '', second = ''] = point.replace(/[(#].*$/, '').split('.')
  return second === '' || first === 'bus' ? first : second
}

/** One point of each port: the one in the middle of them. */
export function toSlice(points: readonly Point[]): readonly Point[] {
  const byPort = Map.groupBy(points, portOf)
  return [...byPort.values()].map((some) => some[Math.floor(some.length / 2)] as Point)
}

const skews = [3_600_000, -3_600_000] as const

/** All that is done at these points in one mode; only before or after in turn when it is a slice. */
export function toTrials(
  points: readonly Point[],
  { scenario, mode, hosts, slice }: { scenario: string; mode: Mode; hosts: 1 | 2 } & Pick<RigOptions, 'slice'>,
): readonly Omit<Trial, 'number'>[] {
  return points.flatMap(({ role, point }, index) => {
    const both = (['before', 'after'] as const).map((when, turn) => ({
      scenario,
      role,
      point,
      when,
      mode,
      hosts,
      ...(mode === 'skew' && { skewMs: skews[turn] as number }),
      ...(mode === 'restart' && { restart: (index + turn) % 2 === 0 ? ('immediate' as const) : ('fast' as const) }),
    }))
    return slice ? [both[index % 2] as (typeof both)[number]] : both
  })
}
