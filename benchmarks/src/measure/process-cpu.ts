/** CPU time of other processes, all threads, from the scheduler's own count (nanoseconds; Linux). */
import { readdirSync, readFileSync } from 'node:fs'

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const list = (path: string): readonly string[] => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** True where this module can count. */
export const canCount = (): boolean => read('/proc/self/schedstat') !== ''

/** CPU nanoseconds that a process has used so far; threads that have ended are not in it. */
export function cpuOf(pid: number): number {
  let total = 0
  for (const thread of list(`/proc/${pid}/task`))
    total += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0)
  return total
}

const childrenOf = (pid: number): readonly number[] =>
  list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((child) => child.trim() !== '')
      .map(Number),
  )

/** A process and all that descend from it. */
export function treeOf(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)]
}

/** CPU nanoseconds of several processes between two moments; processes that ended in between count as far as was seen. */
export class CpuMeter {
  readonly #pids: () => readonly number[]
  #before = new Map<number, number>()
  constructor(pids: () => readonly number[]) {
    this.#pids = pids
  }
  start(): void {
    this.#before = new Map(this.#pids().map((pid) => [pid, cpuOf(pid)]))
  }
  /** By process, since `start`. */
  read(): ReadonlyMap<number, number> {
    return new Map(this.#pids().map((pid) => [pid, Math.max(0, cpuOf(pid) - (this.#before.get(pid) ?? 0))]))
  }
  /** All of them together. */
  total(): number {
    return [...this.read().values()].reduce((sum, used) => sum + used, 0)
  }
}
