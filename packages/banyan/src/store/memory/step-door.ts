/** The calls of a saga's step that are under way: they go side by side, and taking the step back goes alone. */
import type { IdempotencyClaim, IdempotencyStep } from '../idempotency.ts'
import { idempotencyKeyInUse } from '../idempotency-key.ts'

type Steps = Pick<IdempotencyClaim, 'within' | 'undoes'>

/** See the top of the file. */
export interface StepDoor {
  /** Throws IDEMPOTENCY_KEY_IN_USE while the other kind is under way. */
  enter(claim: Steps): void
  leave(claim: Steps): void
}

export function createStepDoor(): StepDoor {
  /** How many calls of a step are under way; -1 while it is being taken back. */
  const inside = new Map<string, number>()
  const takenBack = -1

  return {
    enter({ within, undoes }) {
      const under = within === undefined ? 0 : (inside.get(nameOf(within)) ?? 0)
      if (under === takenBack || (undoes !== undefined && inside.has(nameOf(undoes)))) throw idempotencyKeyInUse()
      if (undoes !== undefined) inside.set(nameOf(undoes), takenBack)
      if (within !== undefined) inside.set(nameOf(within), under + 1)
    },
    leave({ within, undoes }) {
      if (undoes !== undefined) inside.delete(nameOf(undoes))
      if (within === undefined) return
      const left = (inside.get(nameOf(within)) ?? 1) - 1
      if (left > 0) inside.set(nameOf(within), left)
      else inside.delete(nameOf(within))
    },
  }
}

function nameOf({ scope, key }: IdempotencyStep): string {
  return JSON.stringify([scope, key])
}
