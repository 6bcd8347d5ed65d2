/** What few calls ever have; made when first needed, so that the others do not pay for its fields. */
import type { CancelScope } from '../core/cancellation.ts'
import type { Position } from '../projection/position.ts'
import type { IdempotencyClaim } from '../store/idempotency.ts'
import type { DeliveryMark } from '../store/inbox.ts'
import type { Log } from '../telemetry/log.ts'

/** See the top of the file. */
export class Rarely {
  /** Of a delivery: the mark that its transaction writes; of a batch, all of them. */
  delivery: DeliveryMark | readonly DeliveryMark[] | undefined = undefined
  /** While an idempotency key is served. */
  claim: IdempotencyClaim | undefined = undefined
  undoes: string | undefined = undefined
  transacted = false
  committed = false
  /** Transactions that are open now: none or one. */
  open = 0
  scope: CancelScope | undefined = undefined
  log: Log | undefined = undefined
  /** What was published here and below. */
  noted: Position | undefined = undefined
}
