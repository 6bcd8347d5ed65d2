/** All trials, in lanes, and what came of them. */
import { randomUUID } from 'node:crypto'
import { Cell } from './cell.ts'
import { ledgerScene } from './ledger/scene.ts'
import type { Mode, RigOptions } from './options.ts'
import { findPoints, type Point, toSlice, toTrials } from './plan.ts'
import type { Scene } from './scene.ts'
import { shopScene } from './shop/scene.ts'
import { runTrial, type Trial, type TrialResult, type Verdict } from './trial.ts'

export interface Summary {
  readonly points: number
  /** Faults that happened. */
  readonly faults: number
  /** Trials in which the point was not come to: the run went another way. */
  readonly missed: number
  readonly illegal: number
  readonly stuck: number
  readonly unbalanced: number
}

export function toSummaryLine({ points, faults, missed, illegal, stuck, unbalanced }: Summary): string {
  return `points ${points}, faults ${faults}, missed ${missed}, illegal ${illegal}, stuck ${stuck}, unbalanced ${unbalanced}`
}

export function isFlawless({ faults, illegal, stuck, unbalanced }: Summary): boolean {
  return faults > 0 && illegal + stuck + unbalanced === 0
}

const scenes: Readonly<Record<RigOptions['system'], Scene>> = { ledger: ledgerScene, shop: shopScene }

export async function runRig(options: RigOptions, say: (line: string) => void): Promise<Summary> {
  const results: TrialResult[] = []
  const known = new Set<string>()
  for (const hosts of options.hosts) await runWithHosts(options, hosts, say, results, known)
  const count = (verdict: Verdict): number => results.filter((one) => one.verdict === verdict).length
  return {
    points: known.size,
    faults: results.filter(({ hit }) => hit).length,
    missed: count('missed'),
    illegal: count('illegal'),
    stuck: count('stuck'),
    unbalanced: count('unbalanced'),
  }
}

async function runWithHosts(
  options: RigOptions,
  hosts: 1 | 2,
  say: (line: string) => void,
  results: TrialResult[],
  known: Set<string>,
): Promise<void> {
  const scene = scenes[options.system]
  const cells = [await Cell.open(scene, hosts, options.naive)]
  try {
    const trials = await planAll(cells[0] as Cell, options, hosts, say, known)
    say(`${hosts} host${hosts === 1 ? '' : 's'}: ${trials.length} trials`)
    if (options.list) return
    const lanes = Math.min(options.lanes, trials.length)
    while (cells.length < lanes) cells.push(await Cell.open(scene, hosts, options.naive))
    const left = [...trials]
    await Promise.all(cells.map((cell) => runLane(cell, left, say, results)))
  } finally {
    for (const cell of cells) await cell.close()
  }
}

async function planAll(
  cell: Cell,
  options: RigOptions,
  hosts: 1 | 2,
  say: (line: string) => void,
  known: Set<string>,
): Promise<readonly Trial[]> {
  const all: Omit<Trial, 'number'>[] = []
  for (const scenario of options.scenarios ?? cell.scene.scenarios) {
    const found = await findPoints(cell, scenario, `count-${randomUUID().slice(0, 8)}`)
    const wanted = found.filter(({ point }) => options.only?.test(point) !== false)
    const points: readonly Point[] = options.slice ? toSlice(wanted) : wanted
    say(`${scenario}: ${points.length} points`)
    for (const { role, point } of points) {
      known.add(`${scenario} ${role} ${point}`)
      if (options.list) say(`  ${role} ${point}`)
    }
    for (const mode of options.modes)
      all.push(...toTrials(points, { scenario, mode: mode as Mode, hosts, slice: options.slice }))
  }
  const numbered = all.map((trial, index) => ({ ...trial, number: index + 1 }))
  return numbered.filter(({ number }) => number >= options.from && number <= options.to)
}

/** Failures of the rig itself (a process that does not come up) in a row; then it is broken. */
const maxFailures = 3

async function runLane(cell: Cell, left: Trial[], say: (line: string) => void, results: TrialResult[]): Promise<void> {
  let failures = 0
  for (let trial = left.shift(); trial !== undefined; trial = left.shift()) {
    try {
      const result = await runTrial(cell, trial, `${trial.number}-${randomUUID().slice(0, 8)}`)
      results.push(result)
      failures = 0
      say(toLine(result))
      for (const line of result.words) say(line)
    } catch (error) {
      failures += 1
      say(`trial ${trial.number}: the rig itself failed: ${(error as Error).message}`)
      if (failures >= maxFailures) throw error
      left.push(trial)
    }
  }
}

function toLine({ trial, verdict, end = 'no end', tookMs, key }: TrialResult): string {
  const { number, scenario, role, point, when, mode, skewMs, restart = '' } = trial
  const how = [mode, restart, skewMs === undefined ? '' : `${skewMs / 3_600_000} h`]
    .filter((word) => word !== '')
    .join(' ')
  return `${number} ${verdict}: ${scenario}, ${how} ${when} ${role} ${point} → ${end} in ${(tookMs / 1_000).toFixed(1)} s (${key})`
}
