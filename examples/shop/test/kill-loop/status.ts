// The status document of the control port, and which of its processes to kill. A document that does not look as it
// should is an error with what was found: to guess here would be to kill the wrong process.

import type { SeededRandom } from '../seeded-random.ts'

export type ProcessKind = 'host' | 'postgres' | 'process' | 'parent'

export interface RunningProcess {
  name: string
  pid: number
  kind: ProcessKind
  state: string
  services?: string[]
}

/** `hosts`: only what runs services. `all`: also the database, the payment provider, and the parent of them all. */
export type KillTarget = 'hosts' | 'all'

const kinds: readonly string[] = ['host', 'postgres', 'process', 'parent']
const upStates: readonly string[] = ['ready', 'running', 'up', 'healthy']

/** Reads `GET /status.json`. Processes without a pid are down and are listed by `downOf` only. */
export function toProcesses(document: unknown): RunningProcess[] {
  const list = (document as { processes?: unknown } | null)?.processes
  if (!Array.isArray(list)) throw new Error(`status.json has no list of processes: ${excerpt(document)}`)
  return list.map((one: Record<string, unknown>) => {
    const { name, kind, state } = one
    const pid = one['pid'] ?? 0
    const isPid = Number.isInteger(pid) && (pid as number) >= 0
    if (typeof name !== 'string' || typeof state !== 'string' || !kinds.includes(String(kind)) || !isPid) {
      throw new Error(`status.json lists a process that is none: ${excerpt(one)}`)
    }
    const services = Array.isArray(one['services']) ? { services: one['services'].map(String) } : {}
    return { name, pid: pid as number, kind: kind as ProcessKind, state, ...services }
  })
}

/** One process to kill, chosen evenly; undefined when none of the wanted kind is running. */
export function chooseVictim(
  processes: readonly RunningProcess[],
  target: KillTarget,
  random: SeededRandom,
): RunningProcess | undefined {
  const candidates = processes
    .filter(({ pid, kind }) => pid > 1 && pid !== process.pid && (target === 'all' || kind === 'host'))
    // Not in the order of the document, which may change from one reading to the next.
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return candidates.length === 0 ? undefined : random.pick(candidates)
}

/** What is not up (yet), for the wait after a kill and for its message. */
export function downOf(processes: readonly RunningProcess[]): string[] {
  const down = processes.filter(({ pid, state }) => pid === 0 || !upStates.includes(state))
  return down.map(({ name, state }) => `${name} is ${state}`)
}

function excerpt(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 300)
}
