/** simulation: protocols as models, and every state they can reach. */
export {
  assertModel,
  type CheckOptions,
  type CheckReport,
  checkModel,
  defaultMaxStates,
} from './check-model.ts'
export type { Action, Goal, Invariant, Model, StepInvariant } from './model.ts'
export { toStateKey } from './state-key.ts'
export { formatViolation, type TraceStep, type Violation, type ViolationKind } from './violation.ts'
