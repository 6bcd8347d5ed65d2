/** The context of a step of a saga: its calls carry keys that are the same at every attempt, after every crash. */
import { redactBySchema } from '../contract/secrets.ts'
import type { Attempt } from '../saga/host.ts'
import type { CallNote } from '../saga/journal.ts'
import type { Span } from '../telemetry/trace.ts'
import { CallContext } from './call-context.ts'
import type { CallFrame, CallOptions } from './frame.ts'
import type { ServiceScope } from './service-scope.ts'
import type { OperationShape, Work } from './shapes.ts'

/** The longest input of a call that is noted in the journal, in characters of JSON. */
const maxNoted = 4_096

/** See the top of the file. */
export class SagaContext extends CallContext {
  readonly attemptNumber: number
  readonly forwardIdempotencyKey: string | undefined
  readonly outcome: 'done' | 'unknown' | undefined
  readonly #attempt: Attempt
  #calls = 0

  constructor(service: ServiceScope, work: Work, parent: CallFrame, span: Span | undefined, attempt: Attempt) {
    super(service, work, parent, parent.dueMs, span, attempt.idempotencyKey)
    this.#attempt = attempt
    this.attemptNumber = attempt.attempt
    this.forwardIdempotencyKey = attempt.forwardIdempotencyKey
    this.outcome = attempt.outcome
  }

  override async call(operation: OperationShape, input: unknown, options: CallOptions = {}): Promise<unknown> {
    if (operation?.kind !== 'command') return super.call(operation, input, options)
    this.#calls += 1
    const key = options.idempotencyKey ?? `${this.#attempt.idempotencyKey}.${this.#calls}`
    const answered = this.#attempt.onCall(toNote(operation, key, input))
    const { forwardIdempotencyKey: undoes } = this
    const keyed = { ...options, idempotencyKey: key, ...(undoes !== undefined && { undoes }) }
    const answer = await super.call(operation, input, keyed)
    // Whatever comes of the attempt, this much of it was done.
    answered()
    return answer
  }
}

function toNote(operation: OperationShape, key: string, input: unknown): CallNote {
  // Nobody needs what is hidden again: an attempt is made with what the function gives.
  const shown = redactBySchema(operation.input, 'input', input)
  const text = JSON.stringify(shown) ?? ''
  return { operation: operation.wire, key, ...(text.length <= maxNoted && { input: shown }) }
}
