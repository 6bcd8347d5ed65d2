/**
 * The assignments in memory: who may apply the events of a source for a group, under which epoch, and how far it came. Leases
 * run on the environment's calendar clock, as those of a database run on the database's.
 */
import type { Clock } from '../../core/environment/environment.ts'
import { isSameInstance } from '../holder.ts'
import type { Inbox } from '../inbox.ts'
import { nameOf } from './group-name.ts'

/** What an effect or a report claims to be done under. */
interface Epoch {
  readonly group: string
  readonly source: string
  readonly epoch: number
}

/** The assignments of the port, and what the inbox asks before it takes anything. */
export interface MemoryAssignments extends Pick<Inbox, 'claim' | 'release' | 'advance'> {
  isCurrent(of: Epoch): boolean
  /** The low-water mark; undefined under an older epoch. */
  cursorOf(of: Epoch): number | undefined
  /** Moves the low-water mark; does nothing under an older epoch. */
  move(of: Epoch, offset: number): void
  /** The low-water marks of a group. */
  positionsOf(group: string): readonly { readonly source: string; readonly done: number }[]
  /** All of them. */
  all(): readonly {
    readonly group: string
    readonly source: string
    readonly epoch: number
    readonly holder: string | undefined
    readonly cursor: number
  }[]
  /** Sends a group back to the beginning, under new epochs. */
  reset(group: string): void
}

interface Lease {
  readonly group: string
  readonly source: string
  epoch: number
  cursor: number
  holder: string | undefined
  expiresMs: number
}

export function createMemoryAssignments(clock: Clock): MemoryAssignments {
  const leases = new Map<string, Lease>()

  function current(of: Epoch): Lease | undefined {
    const lease = leases.get(nameOf(of.group, of.source))
    return lease?.epoch === of.epoch && lease.holder !== undefined ? lease : undefined
  }

  return {
    isCurrent: (of) => current(of) !== undefined,
    cursorOf: (of) => current(of)?.cursor,
    move(of, offset) {
      const lease = current(of)
      if (lease !== undefined) lease.cursor = Math.max(lease.cursor, offset)
    },
    positionsOf: (group) =>
      [...leases.values()]
        .filter((lease) => lease.group === group)
        .map((lease) => ({ source: lease.source, done: lease.cursor })),
    all: () =>
      [...leases.values()].map(({ group, source, epoch, holder, cursor }) => ({
        group,
        source,
        epoch,
        holder,
        cursor,
      })),
    reset(group) {
      for (const lease of leases.values())
        if (lease.group === group) Object.assign(lease, { epoch: lease.epoch + 1, holder: undefined, cursor: 0 })
    },
    async claim(group, source, holder, leaseMs, startAt) {
      const name = nameOf(group, source)
      const lease = leases.get(name) ?? { group, source, epoch: 0, cursor: startAt, holder: undefined, expiresMs: 0 }
      if (lease.holder !== undefined && !isSameInstance(lease.holder, holder) && lease.expiresMs > clock.now())
        return undefined
      if (lease.holder !== holder) lease.epoch += 1
      lease.holder = holder
      lease.expiresMs = clock.now() + leaseMs
      leases.set(name, lease)
      return { group, source, epoch: lease.epoch, cursor: lease.cursor }
    },
    async release(assignment) {
      const lease = current(assignment)
      if (lease !== undefined) lease.holder = undefined
    },
    async advance(assignment, offset) {
      const lease = current(assignment)
      if (lease === undefined) return false
      lease.cursor = Math.max(lease.cursor, offset)
      return true
    },
  }
}
