/** What a session takes in: pages of the log after its cursor, as far as its bounds allow, without what was done before. */
import type { Assignment } from '../store/inbox.ts'
import type { LoggedEvent } from './bus.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import type { Lanes } from './lanes.ts'
import type { LowWater } from './low-water.ts'
import type { ParkedKeys } from './parked-keys.ts'

export interface Intake {
  /** Read up to this offset. */
  readonly position: number
  /**
   * Reads the next page into the lanes. `full`: there may be more at once. `starved`: a bound is reached. Nothing is taken
   * when any of it fails.
   */
  fetch(): Promise<'full' | 'end' | 'starved'>
  /** How many were done before, or are of types without subscription. */
  readonly skipped: number
}

export function createIntake(
  options: ResolvedConsumerOptions,
  assignment: Assignment,
  lanes: Lanes,
  lowWater: LowWater,
  parkedKeys: ParkedKeys,
): Intake {
  const { bus, source, group, inbox, pageSize, maxBuffered, maxAhead, subscriptions } = options
  let position = assignment.cursor
  let skipped = 0
  /** Only events up to here can have been marked before this session. */
  let knownEnd: number | undefined

  async function prepare(): Promise<number> {
    const end = await bus.end(source)
    for (const key of await inbox.parkedKeys(group, source)) parkedKeys.add(key)
    knownEnd = end
    return end
  }
  async function markedOf(wanted: readonly LoggedEvent[], end: number): Promise<ReadonlySet<string>> {
    const old = wanted.filter((event) => event.offset <= end).map((event) => event.id)
    return old.length === 0 ? new Set() : inbox.marked(group, old)
  }
  function take(event: LoggedEvent, toDo: boolean): void {
    position = event.offset
    lowWater.opened(event.offset)
    if (toDo) return lanes.add(event)
    lowWater.finished(event.offset)
    skipped += 1
  }

  return {
    get position() {
      return position
    },
    get skipped() {
      return skipped
    },
    async fetch() {
      const end = knownEnd ?? (await prepare())
      const limit = Math.min(pageSize, maxBuffered - lanes.size)
      if (limit < Math.min(pageSize, Math.ceil(maxBuffered / 4)) || lowWater.ahead() >= maxAhead) return 'starved'
      const page = await bus.read(source, position, limit)
      const wanted = page.filter((event) => subscriptions.has(event.type))
      const marked = await markedOf(wanted, end)
      for (const event of page) take(event, subscriptions.has(event.type) && !marked.has(event.id))
      return page.length === limit ? 'full' : 'end'
    },
  }
}
