/** The semantic locks of runs in Postgres; what happens under which lock stands in migration/sagas-functions.ts. */
import { Fenced, isRunId, type SagaLock, type Sagas } from 'banyan/store'
import type { StatementResult } from '../client/exchange.ts'
import { sqlState } from '../client/sql-error.ts'
import { advisoryLock } from './advisory-lock.ts'
import type { Flight } from './postgres-saga-flights.ts'

const lockColumns = `
  SELECT l.kind, l.key, l.owner, coalesce(s.name || ' ' || s.key, '') AS owner_name,
    (extract(epoch FROM l.since) * 1000)::float8 AS since_ms,
    (SELECT json_agg(json_build_object('id', w.saga_id, 'sinceMs', round(extract(epoch FROM w.since) * 1000)) ORDER BY w.place)
     FROM banyan.saga_lock_wait w WHERE w.kind = l.kind AND w.key = l.key) AS waiting
  FROM banyan.saga_lock l LEFT JOIN banyan.saga s ON s.id = l.owner`

/** Who holds a lock. */
export const lockText: string = `${lockColumns} WHERE l.kind = $1 AND l.key = $2`
/** Keeps it from being handed on, and from being taken when nobody has it. */
export const keepLockText = `
  SELECT pg_advisory_xact_lock_shared($3::bigint), (SELECT true FROM banyan.saga_lock WHERE kind = $1 AND key = $2 FOR SHARE)`

const locksText = `${lockColumns} ORDER BY l.since, l.kind, l.key LIMIT $1`
const askText = 'SELECT got, circle FROM banyan.saga_ask_lock($1, $2, $3, $4, $5, $6)'
const unlockText = 'SELECT banyan.saga_unlock($1, $2, $3) AS heir'

/** The number by which transactions that look at a lock, and who takes it, find each other. */
export function gateOf(kind: string, key: string): string {
  return advisoryLock('saga lock', kind, key)
}

interface LockRow {
  readonly kind: string
  readonly key: string
  readonly owner: string
  readonly owner_name: string
  readonly since_ms: number
  readonly waiting: SagaLock['waiting'] | null
}

export function toLock({ kind, key, owner, owner_name: ownerName, since_ms, waiting }: LockRow): SagaLock {
  return { kind, key, owner, ownerName, sinceMs: Math.round(since_ms), waiting: waiting ?? [] }
}

export function createPostgresSagaLocks(
  flight: Flight,
  due: (ids: readonly string[]) => void,
): Pick<Sagas, 'lock' | 'unlock' | 'locks'> {
  return {
    async lock(owner, kind, key, ifHeld) {
      const fenced = new Fenced(`run '${owner.id}' (epoch ${owner.epoch})`)
      if (!isRunId(owner.id)) throw fenced
      const asked = [owner.id, owner.epoch, kind, key, ifHeld === 'wait', gateOf(kind, key)]
      const [answer, found] = await flight([
        { text: askText, values: asked },
        { text: lockText, values: [kind, key] },
      ]).catch((error: unknown) => {
        throw sqlState(error) === 'BS001' ? fenced : error
      })
      const { got, circle } = (answer as StatementResult).rows[0] as {
        readonly got: string
        readonly circle: readonly string[] | null
      }
      if (got === 'yes') return { got }
      if (got === 'deadlock') return { got, circle: circle ?? [] }
      return { got: got as 'no' | 'waiting', lock: toLock(found?.rows[0]) }
    },
    async unlock(owner, kind, key) {
      if (!isRunId(owner.id)) return
      const [answer] = await flight([{ text: unlockText, values: [owner.id, kind, key] }])
      const heir = answer?.rows[0]?.heir as string | null
      if (heir !== null) due([heir])
    },
    async locks(limit) {
      const [found] = await flight([{ text: locksText, values: [limit] }])
      return (found?.rows ?? []).map(toLock)
    },
  }
}
