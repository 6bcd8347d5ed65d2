/** Who gets the lease of a source. */
import { isSameInstance } from 'banyan/store'
import { type FoundRecord, leasedAt, type RelayRecord } from './record.ts'
import type { ServerClock } from './server-clock.ts'

/** Who asks, for how long, and how far tests have moved the clock. */
export interface LeaseWish {
  readonly holder: string
  readonly leaseMs: number
  readonly shiftMs: number
}

/** The entry with which the wish is fulfilled; undefined when somebody else has the lease. */
export async function decideLease(
  found: FoundRecord,
  { holder, leaseMs, shiftMs }: LeaseWish,
  clock: ServerClock,
): Promise<RelayRecord | undefined> {
  const { sinceMs: _, ...record } = found.record
  const wanted: RelayRecord = { ...record, holder, leaseMs, shiftMs }
  if (record.holder === holder) return wanted
  const taken: RelayRecord = { ...wanted, epoch: record.epoch + 1 }
  if (record.holder === undefined || isSameInstance(record.holder, holder)) return taken
  return (await clock.now()) + shiftMs >= leasedAt(found) + record.leaseMs ? taken : undefined
}
