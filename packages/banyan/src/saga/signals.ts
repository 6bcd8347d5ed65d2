/** What comes into a saga from outside besides events: signals, requests that are answered, and questions. */
import type { AnySchema, Received, Sent } from '../contract/schema.ts'
import { BanyanError } from '../core/error.ts'

/** A message to a saga, that nobody waits for. `Data` is what the saga receives. */
export interface Signal<Data = unknown, Given = Data> {
  readonly $banyan: 'signal'
  readonly name: string
  readonly data: AnySchema
  /** Exists only for the compiler. */
  readonly '~types': { readonly given: Given; readonly received: Data }
}

/** A request to a saga, that is answered by it. */
export interface Update<Input = unknown, Output = unknown, Given = Input> {
  readonly $banyan: 'update'
  readonly name: string
  readonly input: AnySchema
  readonly output: AnySchema
  readonly '~types': { readonly given: Given; readonly received: Input; readonly output: Output }
}

/** A question to a saga, that changes nothing. */
export interface Query<Output = unknown> {
  readonly $banyan: 'query'
  readonly name: string
  readonly output: AnySchema
  readonly '~types': { readonly output: Output }
}

/** A request as the saga receives it. */
export interface UpdateRequest<Input, Output> {
  readonly input: Input
  /** Answers it; whoever asked gets this. The first answer counts. */
  answer(output: Output): void
  /** Refuses it; whoever asked gets this error (FAILED_PRECONDITION `UPDATE_REFUSED` with the message). */
  refuse(message: string): void
}

/** Any of the three. */
export type AnySignal = Signal | Update | Query

const name = /^[a-z][a-z0-9-]{0,62}$/

function assertName(kind: string, given: string): void {
  if (!name.test(given))
    throw new BanyanError('INVALID_ARGUMENT', `${kind} '${given}': a name is lower case, digits and '-', at most 63`, {
      reason: 'INVALID_SAGA',
    })
}

/**
 * A signal.
 *
 * @example
 * export const NewAddress = defineSignal('new-address', t.Object({ street: t.String() }))
 */
export function defineSignal<S extends AnySchema>(name: string, data: S): Signal<Received<S>, Sent<S>> {
  assertName('signal', name)
  return Object.freeze({ $banyan: 'signal', name, data }) as never
}

/**
 * A request that the saga answers.
 *
 * @example
 * export const AddLine = defineUpdate('add-line', { input: t.Object({ sku: t.String() }), output: t.Object({ lines: t.Integer() }) })
 */
export function defineUpdate<In extends AnySchema, Out extends AnySchema>(
  name: string,
  schemas: { readonly input: In; readonly output: Out },
): Update<Received<In>, Sent<Out>, Sent<In>> {
  assertName('update', name)
  return Object.freeze({ $banyan: 'update', name, ...schemas }) as never
}

/**
 * A question.
 *
 * @example
 * export const Progress = defineQuery('progress', t.Object({ done: t.Integer() }))
 */
export function defineQuery<S extends AnySchema>(name: string, output: S): Query<Sent<S>> {
  assertName('query', name)
  return Object.freeze({ $banyan: 'query', name, output }) as never
}
