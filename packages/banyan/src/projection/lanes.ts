/**
 * The log as a projection with lanes reads it: every key is replaced by the lane it falls into, so that the consumer, which
 * keeps order per key, keeps order per lane. With one lane that is the order of the whole source. The true key is in the
 * envelope.
 */
import type { Bus } from '../bus/bus.ts'

/** The lane of a key: FNV-1a over its UTF-16 units; the same in every release, because cursors of lanes outlive releases. */
export function laneOf(key: string, lanes: number): string {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return `lane-${(hash >>> 0) % lanes}`
}

/** The bus with lanes for keys. */
export function withLanes(bus: Bus, lanes: number): Bus {
  return withRead(bus, async (...asked) => {
    const events = await bus.read(...asked)
    return events.map((event) => ({ ...event, key: laneOf(event.key, lanes) }))
  })
}

/** The bus with another way to read it. */
export function withRead(bus: Bus, read: Bus['read']): Bus {
  return new Proxy(bus, {
    get(target, name) {
      if (name === 'read') return read
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
