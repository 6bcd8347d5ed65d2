/**
 * Keyed tables in memory as a target, for tests and virtual time: works over any store, also one that speaks no SQL. It keeps a
 * cursor for each lane, as a target in another database does, and commits rows and cursor in one synchronous step.
 */
import { Fenced } from '../../store/inbox.ts'
import { type ProjectionVersion, projectionGroup } from '../../store/projections.ts'
import { CursorMoved, type ProjectionTarget, type TargetDefinition, type TargetStep } from '../target.ts'

/** Reads a table of rows. What is given out are copies. */
export interface MemoryTable {
  get<Row = unknown>(key: string): Row | undefined
  /** All rows, by key. */
  rows<Row = unknown>(): readonly (readonly [key: string, row: Row])[]
}

/** Writes one, inside a step; what it has written it reads. */
export interface MemoryTableWriter extends MemoryTable {
  put(key: string, row: unknown): void
  delete(key: string): void
}

/** What readers of a projection in memory read with. */
export interface MemoryView {
  table(name: string): MemoryTable
}

/** What its handlers write with. */
export interface MemoryTx {
  table(name: string): MemoryTableWriter
}

/** Tables that outlive the hosts that open them, as a server's would. */
export interface MemoryTarget extends TargetDefinition<MemoryTx, MemoryView> {
  /** For tests: called inside a step before it takes effect; throws to break it off. */
  beforeCommit: (step: TargetStep) => void
  /** For tests: called when it has taken effect here and not yet in the store; throws as a crash there would. */
  afterCommit: (step: TargetStep) => void
}

interface Place {
  readonly tables: Map<string, Map<string, unknown>>
  readonly cursors: Map<string, number>
  readonly epochs: Map<string, number>
}

/**
 * Makes a target in memory; `lanes` events are applied at a time.
 *
 * @example
 * const target = memoryTables()
 * defineProjection('stock', {
 *   version: 1,
 *   target,
 *   on: (on) => [on(Inventory.events.changed, ({ data }, tx) => tx.table('stock').put(data.sku, data))],
 * })
 */
export function memoryTables(lanes = 16): MemoryTarget {
  const places = new Map<string, Place>()
  const target: MemoryTarget = {
    kind: 'memory',
    lanes,
    beforeCommit: () => undefined,
    afterCommit: () => undefined,
    open: async () => createMemoryTarget(places, target),
  }
  return target
}

function createMemoryTarget(
  places: Map<string, Place>,
  hooks: Pick<MemoryTarget, 'beforeCommit' | 'afterCommit'>,
): ProjectionTarget<MemoryTx, MemoryView> {
  function placeOf(of: ProjectionVersion): Place {
    const name = projectionGroup(of)
    const place = places.get(name) ?? { tables: new Map(), cursors: new Map(), epochs: new Map() }
    places.set(name, place)
    return place
  }
  return {
    async prepare(of, _store, create) {
      const writing = createStaging(placeOf(of))
      await create(writing.tx)
      writing.commit()
    },
    async apply(of, step, _store, work) {
      const place = placeOf(of)
      const lane = JSON.stringify([step.source, step.lane])
      const after = place.cursors.get(lane) ?? 0
      if (after >= step.offset) return
      const writing = createStaging(place)
      await work(writing.tx, after)
      hooks.beforeCommit(step)
      // From here on one synchronous step: nothing comes between the checks and the rows.
      if ((place.epochs.get(step.source) ?? 0) > step.epoch)
        throw new Fenced(`projection '${of.name}' version ${of.version} on '${step.source}' (epoch ${step.epoch})`)
      if ((place.cursors.get(lane) ?? 0) !== after) throw new CursorMoved(of, lane)
      place.epochs.set(step.source, step.epoch)
      writing.commit()
      place.cursors.set(lane, step.offset)
      hooks.afterCommit(step)
    },
    view: (of) => ({ table: (name) => toReader(() => placeOf(of).tables.get(name) ?? new Map()) }),
    async destroy(of) {
      places.delete(projectionGroup(of))
    },
    close: async () => undefined,
  }
}

const byKey = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number => (one < other ? -1 : 1)

function toReader(rows: () => ReadonlyMap<string, unknown>): MemoryTable {
  return {
    get: <Row>(key: string) => structuredClone(rows().get(key)) as Row | undefined,
    rows: <Row>() => structuredClone([...rows()].toSorted(byKey)) as readonly (readonly [string, Row])[],
  }
}

const gone = Symbol('gone')

/** Writes that take effect when they are committed. */
function createStaging(place: Place): { readonly tx: MemoryTx; commit(): void } {
  const staged = new Map<string, Map<string, unknown>>()

  function merged(name: string): ReadonlyMap<string, unknown> {
    const rows = new Map(place.tables.get(name))
    for (const [key, row] of staged.get(name) ?? []) {
      if (row === gone) rows.delete(key)
      else rows.set(key, row)
    }
    return rows
  }
  function find(name: string, key: string): unknown {
    const written = staged.get(name)?.get(key)
    if (written !== undefined) return written === gone ? undefined : written
    return place.tables.get(name)?.get(key)
  }
  function write(name: string, key: string, row: unknown): void {
    const rows = staged.get(name) ?? new Map<string, unknown>()
    staged.set(name, rows.set(key, row))
  }
  return {
    tx: {
      table: (name) => ({
        ...toReader(() => merged(name)),
        get: <Row>(key: string) => structuredClone(find(name, key)) as Row | undefined,
        put: (key, row) => write(name, key, structuredClone(row)),
        delete: (key) => write(name, key, gone),
      }),
    },
    commit() {
      for (const [name, rows] of staged) {
        const table = place.tables.get(name) ?? new Map<string, unknown>()
        place.tables.set(name, table)
        for (const [key, row] of rows) {
          if (row === gone) table.delete(key)
          else table.set(key, row)
        }
      }
    },
  }
}
