/** Where the snapshot of a producer's state comes from. */
import type { AnyOperation } from '../contract/define-contract.ts'

/** Calls an operation that the service declares in `calls`. */
export type SnapshotCall = <Op extends AnyOperation>(
  operation: Op,
  input: Op['~types']['input'],
) => Promise<Op['~types']['output']>

/** Reads one page of the producer's state; each item is the data of the event that would say so. */
export type ReadSnapshot<Data = unknown> = (
  cursor: string | undefined,
  call: SnapshotCall,
) => Promise<{ readonly items: readonly Data[]; readonly nextCursor?: string | undefined }>
