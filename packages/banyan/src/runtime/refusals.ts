/** The errors of the pipeline itself: each says which rule refused and what to do about it. */
import { BanyanError, type FieldIssue } from '../core/error.ts'
import type { EventShape } from './shapes.ts'

const first = (issues: readonly FieldIssue[]): string => issues[0]?.message ?? 'it does not fit its schema'

/** The input does not fit the operation's schema. Nothing was executed. */
export function invalidInput(wire: string, issues: readonly FieldIssue[]): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `the input of ${wire} is not valid: ${first(issues)}`, {
    reason: 'INVALID_INPUT',
    issues,
  })
}

/** The handler gave something that its own contract does not allow: a defect of the service, not of the caller. */
export function invalidOutput(wire: string, issues: readonly FieldIssue[]): BanyanError {
  return new BanyanError('INTERNAL', `the output of ${wire} breaks its contract: ${first(issues)}`, {
    reason: 'INVALID_OUTPUT',
    outcome: 'unknown',
    hint: 'Return what the contract promises, or change the contract.',
  })
}

/** Too many calls of this operation are under way here. Nothing was executed. */
export function overloaded(wire: string, max: number): BanyanError {
  return new BanyanError('RESOURCE_EXHAUSTED', `${wire} has ${max} calls under way, its most`, {
    reason: 'OVERLOADED',
    retryable: true,
    retryAfterMs: 100,
  })
}

/** The time was over before anything was done. */
export function tooLate(wire: string): BanyanError {
  return new BanyanError('DEADLINE_EXCEEDED', `the deadline had passed before ${wire} began`, {
    reason: 'DEADLINE',
    outcome: 'none',
  })
}

/** The time is over while the work is under way: what came of it is not known. */
export function deadlineExceeded(wire: string): BanyanError {
  return new BanyanError('DEADLINE_EXCEEDED', `${wire} took longer than its deadline`, {
    reason: 'DEADLINE',
    outcome: 'unknown',
  })
}

/** The caller gave up. */
export function cancelled(wire: string): BanyanError {
  return new BanyanError('CANCELLED', `${wire} was cancelled`, { reason: 'CANCELLED', outcome: 'unknown' })
}

/** A service called what it has not declared. */
export function undeclaredCall(
  service: string,
  operation: { readonly contract: string; readonly name: string },
): BanyanError {
  const called = `${operation.contract}.${operation.name}`
  return new BanyanError('PERMISSION_DENIED', `'${service}' calls '${called}' but does not declare it`, {
    reason: 'UNDECLARED_CALL',
    hint: `Add the contract of '${operation.contract}' (or this operation alone) to 'calls' of defineService.`,
  })
}

/** What was called is no operation of a contract. */
export function unknownOperation(given: unknown): BanyanError {
  const name = typeof given === 'object' && given !== null && 'wire' in given ? String(given.wire) : typeof given
  return new BanyanError('UNIMPLEMENTED', `there is no operation '${name}'`, {
    reason: 'UNKNOWN_OPERATION',
    outcome: 'none',
    hint: 'Call an operation of a contract, like ctx.call(Inventory.reserve, …). It exists on the other side only when that service runs this version of the contract.',
  })
}

/** A call inside an open transaction would hold its locks for as long as the network takes. */
export function callInTransaction(wire: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `${wire} was called inside an open transaction`, {
    reason: 'CALL_IN_TRANSACTION',
    hint: 'Call before or after ctx.transact, or publish an event inside it.',
  })
}

/** The service lists no such projection. */
export function undeclaredProjection(service: string, projection: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `'${service}' has no projection '${projection}'`, {
    reason: 'UNDECLARED_PROJECTION',
    hint: "Add it to 'projections' of defineService; another service's read model is asked for by one of its queries.",
  })
}

/** A service without sagas has none to start. */
export function undeclaredSaga(service: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `'${service}' has no sagas`, {
    reason: 'UNDECLARED_SAGA',
    hint: "Add them to 'sagas' of defineService; another service's saga is reached by one of its operations.",
  })
}

/** One transaction per command or delivery. */
export function secondTransaction(name: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `${name} opened a second transaction`, {
    reason: 'SECOND_TRANSACTION',
    hint: 'What belongs together commits together: do it in one ctx.transact; what follows from it belongs behind an event.',
  })
}

/** Queries do not write. */
export function transactionInQuery(wire: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `${wire} is a query and opened a transaction`, {
    reason: 'TRANSACTION_IN_QUERY',
    hint: 'Read with ctx.db, or make it a command.',
  })
}

/** The service said nothing about a database. */
export function noDatabase(service: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `'${service}' has no database`, {
    reason: 'NO_DATABASE',
    hint: "Add 'database: defineDatabase(…)' to defineService.",
  })
}

/** No host that runs the service is known, or none is ready. Nothing was executed. */
export function noInstance(service: string): BanyanError {
  return new BanyanError('UNAVAILABLE', `no host that runs '${service}' is known`, {
    reason: 'NO_INSTANCE',
    retryable: true,
    retryAfterMs: 250,
  })
}

/** This host is on its way out. Nothing was executed. */
export function draining(): BanyanError {
  return new BanyanError('UNAVAILABLE', 'this host is stopping', {
    reason: 'DRAINING',
    retryable: true,
    retryAfterMs: 250,
  })
}

/** Only the service itself says what has happened to it. */
export function foreignEvent(service: string, event: EventShape): BanyanError {
  return new BanyanError('PERMISSION_DENIED', `'${service}' publishes '${event?.wire}', which is not its own event`, {
    reason: 'FOREIGN_EVENT',
    hint: `Only '${event?.contract}' may publish it.`,
  })
}
