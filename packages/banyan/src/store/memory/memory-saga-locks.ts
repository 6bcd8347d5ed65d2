/**
 * The semantic locks of runs in memory. Who waits, waits for the owner and for everybody ahead in the line: so handing a lock on
 * never closes a circle that was not there when the waiting began, and it is enough to look then.
 */
import type { NewSagaMessage, SagaLock, SagaLockOutcome } from '../sagas.ts'
import type { SagaRow } from './memory-saga-row.ts'

interface LockRow {
  readonly kind: string
  readonly key: string
  owner: string
  sinceMs: number
  /** In line. */
  waiting: { readonly id: string; readonly sinceMs: number }[]
}

export interface MemorySagaLocks {
  ask(owner: string, kind: string, key: string, ifHeld: 'wait' | 'fail'): SagaLockOutcome
  unlock(owner: string, kind: string, key: string): void
  /** Gives up all that a run holds and waits for. */
  leave(owner: string): void
  /** Names of the locks that a run holds. */
  ownedBy(owner: string): readonly string[]
  find(kind: string, key: string): SagaLock | undefined
  /** The oldest first. */
  all(): readonly SagaLock[]
}

export function nameOfLock(kind: string, key: string): string {
  return `${kind}/${key}`
}

/** Where the locks stand, and who would tell whom. */
interface Line {
  readonly locks: Map<string, LockRow>
  readonly rows: ReadonlyMap<string, SagaRow>
  now(): number
  tell(id: string, message: NewSagaMessage): void
}

function toLock({ rows }: Line, row: LockRow): SagaLock {
  const start = rows.get(row.owner)?.start
  const ownerName = start === undefined ? '' : `${start.name} ${start.key}`
  return { kind: row.kind, key: row.key, owner: row.owner, ownerName, sinceMs: row.sinceMs, waiting: [...row.waiting] }
}

/** Whom a run waits for. */
function blockersOf({ locks }: Line, id: string): string[] {
  return [...locks.values()].flatMap((row) => {
    const place = row.waiting.findIndex((one) => one.id === id)
    return place < 0 ? [] : [row.owner, ...row.waiting.slice(0, place).map((one) => one.id)]
  })
}

/** The way from one of these runs to `me`. */
function circle(line: Line, me: string, from: readonly string[]): readonly string[] | undefined {
  const paths = from.map((id) => [id])
  const known = new Set<string>()
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    const last = path.at(-1) as string
    if (last === me) return [me, ...path.slice(0, -1)]
    if (known.has(last)) continue
    known.add(last)
    for (const next of blockersOf(line, last)) paths.push([...path, next])
  }
  return undefined
}

function handOn(line: Line, row: LockRow): void {
  const next = row.waiting.shift()
  const name = nameOfLock(row.kind, row.key)
  if (next === undefined) return void line.locks.delete(name)
  row.owner = next.id
  row.sinceMs = line.now()
  line.tell(next.id, { id: name, kind: 'lock', name: 'granted', key: '', body: '{}' })
}

/** A grant that was not read is none any more. */
function takeBack({ rows }: Line, id: string, name: string): void {
  const run = rows.get(id)
  if (run === undefined) return
  run.messages = run.messages.filter((message) => !(message.kind === 'lock' && message.id === name))
  run.seen.delete(name)
}

function ask(line: Line, owner: string, kind: string, key: string, ifHeld: 'wait' | 'fail'): SagaLockOutcome {
  const name = nameOfLock(kind, key)
  const row = line.locks.get(name)
  if (row === undefined) {
    line.locks.set(name, { kind, key, owner, sinceMs: line.now(), waiting: [] })
    return { got: 'yes' }
  }
  if (row.owner === owner) return { got: 'yes' }
  if (row.waiting.some((one) => one.id === owner)) return { got: 'waiting', lock: toLock(line, row) }
  if (ifHeld === 'fail') return { got: 'no', lock: toLock(line, row) }
  const found = circle(line, owner, [row.owner, ...row.waiting.map((one) => one.id)])
  if (found !== undefined) return { got: 'deadlock', circle: found }
  row.waiting.push({ id: owner, sinceMs: line.now() })
  return { got: 'waiting', lock: toLock(line, row) }
}

export function createMemorySagaLocks(
  rows: ReadonlyMap<string, SagaRow>,
  now: () => number,
  tell: (id: string, message: NewSagaMessage) => void,
): MemorySagaLocks {
  const locks = new Map<string, LockRow>()
  const line: Line = { locks, rows, now, tell }
  return {
    ask: (...given) => ask(line, ...given),
    unlock(owner, kind, key) {
      const row = locks.get(nameOfLock(kind, key))
      if (row === undefined) return
      row.waiting = row.waiting.filter((one) => one.id !== owner)
      if (row.owner !== owner) return
      takeBack(line, owner, nameOfLock(kind, key))
      handOn(line, row)
    },
    leave(owner) {
      for (const row of [...locks.values()]) {
        row.waiting = row.waiting.filter((one) => one.id !== owner)
        if (row.owner === owner) handOn(line, row)
      }
    },
    ownedBy: (owner) => [...locks.entries()].filter(([, row]) => row.owner === owner).map(([name]) => name),
    find(kind, key) {
      const row = locks.get(nameOfLock(kind, key))
      return row === undefined ? undefined : toLock(line, row)
    },
    all: () => [...locks.values()].map((row) => toLock(line, row)).sort((one, other) => one.sinceMs - other.sinceMs),
  }
}
