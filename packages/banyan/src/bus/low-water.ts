/**
 * The low-water mark of a reader that finishes things out of order: everything up to it is done. A position moved along with
 * whatever was finished last would jump over what is still open, and a crash would lose it.
 */

export interface LowWater {
  /** Notes an offset that was read; offsets come in growing order. */
  opened(offset: number): void
  finished(offset: number): void
  /** Everything up to and including this offset is finished. */
  mark(): number
  /** How many offsets lie above the mark. */
  ahead(): number
}

export function createLowWater(start: number): LowWater {
  let open: number[] = []
  let head = 0
  let mark = start
  const done = new Set<number>()

  function settle(): void {
    while (head < open.length) {
      const offset = open[head] as number
      if (!done.delete(offset)) break
      mark = offset
      head += 1
    }
    if (head < 1_024 || head * 2 < open.length) return
    open = open.slice(head)
    head = 0
  }

  return {
    opened: (offset) => void open.push(offset),
    finished(offset) {
      done.add(offset)
      if (offset === open[head]) settle()
    },
    mark: () => mark,
    ahead: () => open.length - head,
  }
}
