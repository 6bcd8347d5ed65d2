/** Who advances which run, in memory: taking what is due, heartbeats, letting go. */
import { isSameInstance } from '../holder.ts'
import { maxReaped, type SagaRecord, type Sagas, type TakenSaga, type TakeRequest } from '../sagas.ts'
import { byUrgency, type SagaBooks, toRecord } from './memory-saga-books.ts'
import type { SagaRow } from './memory-saga-row.ts'

export function createMemorySagaLeases(books: SagaBooks): Pick<Sagas, 'take' | 'beat' | 'release'> {
  const aliveUntil = new Map<string, number>()

  function isDead(holder: string, asker: string): boolean {
    if (holder === asker) return false
    return isSameInstance(holder, asker) || (aliveUntil.get(holder) ?? 0) <= books.now()
  }
  function letGo(which: (holder: string) => boolean, most: number): number {
    const found = [...books.live()].filter(({ holder }) => holder !== undefined && which(holder)).slice(0, most)
    for (const row of found) books.letGo(row)
    return found.length
  }

  /** When what another holds may be let go. */
  function endOfLeases(asker: string): number {
    let least = Number.POSITIVE_INFINITY
    for (const { holder } of books.live())
      if (holder !== undefined && holder !== asker) least = Math.min(least, aliveUntil.get(holder) ?? 0)
    return least
  }

  return {
    async take({ holder, kinds, limit, ids, known }) {
      const has = new Set(kinds.map(({ name, version }) => `${version} ${name}`))
      const waiting = [...books.live()].filter(
        ({ dueMs, start }) => dueMs !== undefined && has.has(`${start.version} ${start.name}`),
      )
      const now = books.now()
      const due = waiting.filter((row) => (row.dueMs ?? 0) <= now)
      const asked = ids === undefined ? due : due.filter((row) => ids.includes(row.start.id))
      const taken = fairly(asked, limit).map((row) => takeOne(row, holder, known))
      const left = waiting.filter((row) => row.dueMs !== undefined)
      const dues = left.reduce((least, row) => Math.min(least, row.dueMs ?? least), Number.POSITIVE_INFINITY)
      const nextMs = Math.min(dues, endOfLeases(holder))
      const nextInMs = Number.isFinite(nextMs) ? Math.max(0, nextMs - now) : undefined
      return { taken, more: asked.length > taken.length, nextInMs, nowMs: now }
    },
    async beat(holder, leaseMs, held) {
      aliveUntil.set(holder, books.now() + leaseMs)
      const reaped = letGo((other) => isDead(other, holder), maxReaped)
      for (const other of [...aliveUntil.keys()]) if (isDead(other, holder)) aliveUntil.delete(other)
      const forgottenMs = books.now() - leaseMs / 2
      const forgotten = [...books.live()].filter(
        (row) => row.holder === holder && !held.has(row.start.id) && row.changedMs <= forgottenMs,
      )
      for (const row of forgotten.slice(0, maxReaped)) books.letGo(row)
      const mine = (id: string): SagaRow | undefined => {
        const row = books.rows.get(id)
        return row?.holder === holder ? row : undefined
      }
      const mail = [...held].filter(([id, read]) => (mine(id)?.mail ?? 0) > read).map(([id]) => id)
      const lost = [...held.keys()].filter((id) => mine(id) === undefined)
      return { reaped: reaped + Math.min(forgotten.length, maxReaped), mail, lost, nowMs: books.now() }
    },
    async release(holder) {
      aliveUntil.delete(holder)
      return letGo((other) => other === holder, Number.POSITIVE_INFINITY)
    },
  }
}

/** In turn from each name, the most urgent of each first. */
function fairly(due: readonly SagaRow[], limit: number): readonly SagaRow[] {
  const byName = new Map<string, number>()
  const inTurn = due.toSorted(byUrgency).map((row) => {
    const turn = (byName.get(row.start.name) ?? 0) + 1
    byName.set(row.start.name, turn)
    return { row, turn }
  })
  return inTurn
    .toSorted((one, other) => one.turn - other.turn)
    .slice(0, limit)
    .map(({ row }) => row)
}

function takeOne(row: SagaRow, holder: string, known: TakeRequest['known']): TakenSaga {
  row.epoch += 1
  row.holder = holder
  row.dueMs = undefined
  const saga: SagaRecord = toRecord(row)
  const entries = row.entries.slice(known?.get(row.start.id) ?? 0)
  return structuredClone({ saga, entries, messages: row.messages })
}
