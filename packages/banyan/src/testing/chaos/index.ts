/** Chaos without an engine: the plan of faults and the ledger that judges what they did. */
export { type FaultKind, type FaultPlanOptions, type PlannedFault, planFaults, targetOf } from './fault-plan.ts'
export {
  type CommittedEvent,
  isFlawless,
  judgeLedger,
  type Ledger,
  type LedgerVerdict,
  type RecordedEffect,
  toVerdictLine,
} from './ledger.ts'
