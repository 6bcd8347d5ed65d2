/** Notes and requests of bridges in Postgres: single statements, on the database's clock. */
import {
  type BridgeNote,
  type BridgeRequest,
  type Bridges,
  bridgeBusy,
  type KnownBridge,
  keptRequests,
  maxOpenRequests,
  noteTtlMs,
} from 'banyan/store'
import type { RunAlone } from './alone.ts'

const noteText = `
  INSERT INTO banyan.bridge AS b (name, kind, direction, state, holder, report) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (name) DO UPDATE
  SET kind = excluded.kind, direction = excluded.direction, state = excluded.state, holder = excluded.holder,
      report = excluded.report, noted_at = excluded.noted_at
  WHERE b.state = 'stopped' OR split_part(b.holder, '#', 1) = split_part(excluded.holder, '#', 1)
     OR b.noted_at <= banyan.now() - make_interval(secs => ${noteTtlMs / 1_000})`

const knownText = `
  SELECT name AS bridge, kind, direction, state, holder, report, noted_at,
         (extract(epoch FROM banyan.now() - noted_at) * 1000)::float8 AS ago
  FROM banyan.bridge ORDER BY name COLLATE "C"`

// Counted without a lock: the bound is there so that nothing grows without end, not to be exact.
const askText = `
  INSERT INTO banyan.bridge_request (bridge, action, detail, asked_by)
  SELECT $1::text, $2::text, $3::text, $4::text
  WHERE (SELECT count(*) FROM banyan.bridge_request WHERE bridge = $1 AND ok IS NULL) < ${maxOpenRequests}
  RETURNING id::text`

const columns = 'id::text, bridge, action, detail, asked_by AS by, asked_at, ok, message'

const takeText = `
  UPDATE banyan.bridge_request SET taken_until = banyan.now() + make_interval(secs => $2::float8 / 1000)
  WHERE id = (
    SELECT id FROM banyan.bridge_request
    WHERE bridge = $1 AND ok IS NULL AND (taken_until IS NULL OR taken_until <= (SELECT banyan.now()))
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING ${columns}`

const answerText = `
  UPDATE banyan.bridge_request SET ok = $2, message = left($3, 2000) WHERE id = $1 AND ok IS NULL RETURNING bridge`

const trimText = `
  DELETE FROM banyan.bridge_request
  WHERE bridge = $1 AND ok IS NOT NULL AND id <= (
    SELECT id FROM banyan.bridge_request WHERE bridge = $1 AND ok IS NOT NULL
    ORDER BY id DESC OFFSET ${keptRequests} LIMIT 1)`

const requestsText = `
  SELECT ${columns} FROM banyan.bridge_request WHERE bridge = $1 ORDER BY bridge_request.id DESC LIMIT $2`

interface RequestRow {
  readonly id: string
  readonly bridge: string
  readonly action: string
  readonly detail: string
  readonly by: string
  readonly asked_at: Date
  readonly ok: boolean | null
  readonly message: string | null
}

export function createPostgresBridges(run: RunAlone): Bridges {
  return {
    async note({ bridge, kind, direction, state, holder, report }) {
      const { rowCount } = await run(noteText, [bridge, kind, direction, state, holder, JSON.stringify(report)])
      return rowCount === 1
    },
    async known() {
      const { rows } = await run(knownText)
      return rows.map(toKnown)
    },
    async ask({ bridge, action, detail, by }) {
      const { rows } = await run(askText, [bridge, action, JSON.stringify(detail), by])
      if (rows[0] === undefined) throw bridgeBusy(bridge)
      return String(rows[0].id)
    },
    async take(bridge, forMs) {
      const { rows } = await run(takeText, [bridge, forMs])
      return rows[0] === undefined ? undefined : toRequest(rows[0] as RequestRow)
    },
    async answer(id, { ok, message }) {
      const { rows } = await run(answerText, [id, ok, message])
      if (rows[0] === undefined) return false
      await run(trimText, [rows[0].bridge])
      return true
    },
    async requests(bridge, limit) {
      const { rows } = await run(requestsText, [bridge, limit])
      return rows.map((row) => toRequest(row as RequestRow))
    },
  }
}

function toKnown(row: Readonly<Record<string, unknown>>): KnownBridge {
  const { noted_at, report, ago, ...note } = row
  const agoMs = Math.max(0, Math.round(Number(ago)))
  const shown = { ...note, report: JSON.parse(String(report)) } as unknown as BridgeNote
  return { ...shown, notedAt: (noted_at as Date).toISOString(), agoMs }
}

function toRequest({ asked_at, detail, ok, message, ...rest }: RequestRow): BridgeRequest {
  const outcome = ok === null ? undefined : { ok, message: message ?? '' }
  return { ...rest, detail: JSON.parse(detail), askedAt: asked_at.toISOString(), outcome }
}
