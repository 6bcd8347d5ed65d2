/**
 * The door that the deliveries of each group pass in memory: somebody may hold it closed and wait until nobody is inside, as a
 * row lock on the group's assignment does in Postgres.
 */
import { sleep, type Timers } from '../../core/environment/timers.ts'

export interface GroupDoor {
  /** Waits while the door is held; gives the way out. */
  enter(group: string): Promise<() => void>
  /** Holds the door and waits until nobody is inside; gives the way to let go. */
  hold(group: string): Promise<() => void>
}

const pollMs = 10

export function createGroupDoor(timers: Timers): GroupDoor {
  const held = new Map<string, Promise<void>>()
  const inside = new Map<string, number>()

  function leave(group: string): void {
    const left = (inside.get(group) ?? 1) - 1
    if (left === 0) inside.delete(group)
    else inside.set(group, left)
  }
  return {
    async enter(group) {
      while (held.has(group)) await held.get(group)
      inside.set(group, (inside.get(group) ?? 0) + 1)
      return () => leave(group)
    },
    async hold(group) {
      const { promise, resolve } = Promise.withResolvers<void>()
      held.set(group, promise)
      while (inside.has(group)) await sleep(timers, pollMs)
      return () => {
        held.delete(group)
        resolve()
      }
    },
  }
}
