/**
 * pg_snapshot as text: `xmin:xmax:xip,xip,…`. Every transaction below xmin is over, none from xmax on had begun, and of those
 * between, the ones listed were still running.
 */

/** The parts of a snapshot that reading needs. */
export interface Snapshot {
  readonly xmax: string
  /** Transactions that ran when it was taken. */
  readonly running: readonly string[]
}

/** Before every transaction: 3 is the first id that Postgres gives to one. */
export const beginning = '3:3:'

/** Takes a snapshot apart. */
export function fromSnapshot(text: string): Snapshot {
  const [, xmax = '3', running = ''] = text.split(':')
  return { xmax, running: running === '' ? [] : running.split(',') }
}
