/** What a parent asks a process that has the code, and what it is answered; over the pipe between them. */
import type { SagasApi } from 'banyan/control'
import type { ErrorDocument } from 'banyan/core'

/** A question. */
export interface SagaQuestion {
  readonly ask: keyof SagasApi
  readonly given: readonly unknown[]
  /** Addresses of databases: secrets, which the environment of a child does not have. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** An answer. */
export type SagaAnswer =
  | { readonly ok: object }
  | { readonly error: ErrorDocument & { readonly hint?: string }; readonly ok?: undefined }
