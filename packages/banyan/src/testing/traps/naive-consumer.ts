/**
 * Consumers as one writes them first: one event after the other, and on a failure either the next one (`skip`) or nothing (`stop`).
 * The first breaks the order of a key, the second lets one bad event stop everybody. For showing that a test notices.
 */
import type { Bus, LoggedEvent } from '../../bus/bus.ts'

/** What to do about an event that fails. */
export type NaiveFailure = 'skip' | 'stop'

/**
 * Applies what the log has after an offset; gives the offset it came to.
 *
 * @example
 * const offset = await consumeNaively(bus, 'orders', 0, async (event) => console.log(event.id), 'skip')
 */
export async function consumeNaively(
  bus: Bus,
  source: string,
  afterOffset: number,
  apply: (event: LoggedEvent) => Promise<unknown>,
  onFailure: NaiveFailure,
): Promise<number> {
  let offset = afterOffset
  for (const event of await bus.read(source, afterOffset, 1_000)) {
    const failed = await apply(event).then(
      () => false,
      () => true,
    )
    if (failed && onFailure === 'stop') return offset
    offset = event.offset
  }
  return offset
}
