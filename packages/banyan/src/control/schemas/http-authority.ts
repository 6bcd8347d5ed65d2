/** A registry behind its HTTP port, Banyan's own or Confluent's. */
import { type CompatibilityMode, isCompatibilityMode } from '../../contract/compatibility/index.ts'
import type { Environment } from '../../core/environment/environment.ts'
import type { HttpAnswer, HttpClient } from '../../core/environment/network.ts'
import { BanyanError } from '../../core/error.ts'
import { absentAsEmpty, type PublishedVersion, type SchemaAuthority, type SchemaInput } from './authority.ts'
import { errorCodes, registryError, schemaContentType } from './registry-error.ts'

/** Where the registry is. */
export interface HttpAuthorityOptions {
  readonly environment: Environment
  /** Like 'http://127.0.0.1:8081'. */
  readonly origin: string
  /** For what changes state. */
  readonly token?: string
  /** Longest wait for an answer in milliseconds. Default 5 000. */
  readonly timeoutMs?: number
}

/** An authority that has to be closed. */
export interface HttpAuthority extends SchemaAuthority {
  close(): Promise<void>
}

/** Versions asked for at a time. */
const batch = 8

/** Connects to a registry; nothing is sent yet. */
export function createHttpAuthority(options: HttpAuthorityOptions): HttpAuthority {
  const { environment, origin } = options
  const client = environment.network.connect(origin, { maxConnections: batch })
  const ask = (method: string, path: string, body?: unknown): Promise<unknown> =>
    send(client, options, method, path, body)
  const at = encodeURIComponent

  async function readAll(subject: string): Promise<readonly PublishedVersion[]> {
    const numbers = (await ask('GET', `/subjects/${at(subject)}/versions`)) as readonly number[]
    const found: PublishedVersion[] = []
    for (let start = 0; start < numbers.length; start += batch) {
      const some = numbers.slice(start, start + batch)
      const read = some.map((version) => ask('GET', `/subjects/${at(subject)}/versions/${version}`))
      for (const one of (await Promise.all(read)) as PublishedVersion[])
        found.push({ ...one, schemaType: one.schemaType ?? 'AVRO' })
    }
    return found
  }

  async function compatibility(subject: string): Promise<CompatibilityMode | undefined> {
    try {
      const path = subject === '' ? '/config' : `/config/${at(subject)}`
      const { compatibilityLevel } = (await ask('GET', path)) as { compatibilityLevel?: unknown }
      return isCompatibilityMode(compatibilityLevel) ? compatibilityLevel : undefined
    } catch (error) {
      // Confluent's answers 40408, older ones 40401.
      if (error instanceof BanyanError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  return {
    async subjects(prefix = '') {
      const names = (await ask('GET', `/subjects?subjectPrefix=${at(prefix)}`)) as readonly string[]
      return names.filter((name) => name.startsWith(prefix))
    },
    async latest(prefix) {
      const path = `/schemas?subjectPrefix=${at(prefix)}&latestOnly=true`
      const listed = (await ask('GET', path)) as readonly (PublishedVersion & { readonly subject: string })[]
      return listed.map((one) => ({ ...one, schemaType: one.schemaType ?? 'AVRO' }))
    },
    versions: (subject) => absentAsEmpty(() => readAll(subject)),
    compatibility,
    async setCompatibility(subject, mode) {
      await ask('PUT', subject === '' ? '/config' : `/config/${at(subject)}`, { compatibility: mode })
    },
    async register(subject, input) {
      return ((await ask('POST', `/subjects/${at(subject)}/versions`, toBody(input))) as { id: number }).id
    },
    async check(subject, input) {
      const path = `/compatibility/subjects/${at(subject)}/versions?verbose=true`
      const { is_compatible, messages = [] } = (await ask('POST', path, toBody(input))) as {
        is_compatible: boolean
        messages?: readonly string[]
      }
      return is_compatible ? [] : messages.length > 0 ? messages : ['it is not compatible']
    },
    close: () => client.close(),
  }
}

/** The dialect's default is written by leaving it out. */
function toBody({ schemaType = 'AVRO', schema, references = [] }: SchemaInput): object {
  return { schema, ...(schemaType !== 'AVRO' && { schemaType }), ...(references.length > 0 && { references }) }
}

async function send(
  client: HttpClient,
  { environment, origin, token, timeoutMs = 5_000 }: HttpAuthorityOptions,
  method: string,
  path: string,
  body: unknown,
): Promise<unknown> {
  const headers = {
    accept: `${schemaContentType}, application/json`,
    ...(body !== undefined && { 'content-type': schemaContentType }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const call = client.send({ method, path, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const answer = await within(call, environment, timeoutMs).catch((cause: unknown) => {
    throw unreachable(origin, cause)
  })
  return read(answer, origin)
}

function within<Result>(work: Promise<Result>, { timers }: Environment, timeoutMs: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)))
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}

function read(answer: HttpAnswer, origin: string): unknown {
  let body: unknown
  try {
    body = JSON.parse(answer.text())
  } catch (cause) {
    throw unreachable(origin, cause)
  }
  if (answer.status < 300) return body
  if (answer.status >= 500) throw unreachable(origin, new Error(`it answers with status ${answer.status}`))
  const { error_code: code, message } = (body ?? {}) as { error_code?: number; message?: string }
  throw registryError(code ?? errorCodes.invalidSchema, message ?? `the registry answers with status ${answer.status}`)
}

/** Nobody answers, or nobody who could know. */
export function unreachable(origin: string, cause: unknown): BanyanError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new BanyanError('UNAVAILABLE', `the schema registry at ${origin} cannot be reached: ${why}`, {
    reason: 'SCHEMA_REGISTRY_UNREACHABLE',
    retryable: true,
    cause,
  })
}
