/**
 * Knows which code runs inside an open transaction. It cannot be passed: the handler holds one context, and calls made
 * through it inside the transaction's function are refused while calls beside it are not.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

const scope = new AsyncLocalStorage<object>()

/** Runs the function inside the transaction of this owner. */
export function runInTransaction<Result>(owner: object, work: () => Result): Result {
  return scope.run(owner, work)
}

/** True in code that runs inside the owner's transaction. */
export function isInTransaction(owner: object): boolean {
  return scope.getStore() === owner
}
