// What the provider says when it refuses: an HTTP status, a code a program can read, and a sentence for a person.

export class ProviderError extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | undefined

  constructor(status: number, code: string, message: string, field?: string) {
    super(message)
    this.name = 'ProviderError'
    this.status = status
    this.code = code
    this.field = field
  }
}

export function overloaded(): ProviderError {
  return new ProviderError(503, 'overloaded', 'too many requests are waiting: try again in a second')
}
