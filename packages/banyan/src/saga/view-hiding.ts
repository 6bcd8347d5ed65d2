/**
 * What of a run's contents people are shown. Inputs, events and messages are hidden by their schemas. What steps give has no schema: there
 * everything is blanked that stood in a secret field elsewhere, and every field that is called like a secret one. Without the
 * code nothing is shown, since nobody knows what is secret.
 */
import { type AnySchema, redactBySchema, type SchemaSide, secretNames } from '../contract/index.ts'
import type { ErrorDocument } from '../core/error.ts'
import type { SagaEntry } from '../store/sagas.ts'
import type { CallNote, Settled, SettlingKind } from './journal.ts'
import type { OperationSchemas } from './saga-place.ts'
import type { SagaShape } from './shape.ts'

/** Shows what may be shown. */
export interface Hiding {
  input(value: unknown): unknown
  call(note: CallNote): CallNote
  /** What came of an operation. */
  output(kind: SettlingKind, name: string, value: unknown): unknown
  error(document: ErrorDocument): ErrorDocument
  /** The body of a message. */
  message(kind: string, name: string, value: unknown): unknown
  /** Anything else: text, notes. */
  text(said: string): string
}

const hidden = '***'
/** Shorter ones are words of every message. */
const shortest = 4

/** Everything, as it is. */
export const showAll: Hiding = {
  input: (value) => value,
  call: (note) => note,
  output: (_kind, _name, value) => value,
  error: (document) => document,
  message: (_kind, _name, value) => value,
  text: (said) => said,
}

/** Nothing but names, for whoever has no code. */
export const showNone: Hiding = {
  input: () => hidden,
  call: ({ operation, key }) => ({ operation, key, input: hidden }),
  output: (_kind, _name, value) => (value === undefined ? undefined : hidden),
  error: ({ details: _, ...document }) => document as ErrorDocument,
  message: () => hidden,
  text: (said) => said,
}

/** By the schemas of a saga and of what it calls; looks for secrets in what is given first. */
export function createHiding(
  shape: SagaShape,
  operations: ReadonlyMap<string, OperationSchemas>,
  input: unknown,
  entries: readonly SagaEntry[],
): Hiding {
  const secrets = new Set<string>()
  const names = namesOf(shape, operations)
  const by = (schema: AnySchema, side: SchemaSide, value: unknown): unknown =>
    redactBySchema(schema, side, value, (secret) => remember(secrets, secret))
  const call = ({ operation, key, ...note }: CallNote): CallNote => {
    const known = operations.get(operation)
    if (note.input === undefined) return { operation, key }
    return { operation, key, input: known === undefined ? hidden : by(known.input, 'input', note.input) }
  }
  const message = (kind: string, name: string, value: unknown): unknown => {
    const schema = schemaOfMessage(shape, kind, name)
    return schema === undefined ? blank(value, secrets, names) : by(schema, 'output', value)
  }
  const output = (kind: string, name: string, value: unknown): unknown => {
    if (value === undefined) return undefined
    if (kind === 'wait') {
      const event = value as { readonly type: string; readonly data: unknown }
      return { ...event, data: message('event', event.type, event.data) }
    }
    if (kind === 'receive') return toReceived(shape, name, value, message)
    return blank(value, secrets, names)
  }
  // What is secret has to be known before the first thing is shown.
  by(shape.input, 'output', input)
  for (const { kind, name, body } of entries) {
    const { ok, calls = [] } = JSON.parse(body) as Settled
    for (const note of calls) call(note)
    output(kind, name, ok)
  }
  return {
    input: (value) => by(shape.input, 'output', value),
    call,
    output,
    error: (document) => blank(document, secrets, names) as ErrorDocument,
    message,
    text: (said) => blank(said, secrets, names) as string,
  }
}

function toReceived(
  shape: SagaShape,
  name: string,
  value: unknown,
  message: (kind: string, name: string, value: unknown) => unknown,
): unknown {
  const isUpdate = shape.signals?.some((one) => one.name === name && one.$banyan === 'update') === true
  if (!isUpdate) return message('signal', name, value)
  const { id, input } = value as { readonly id: string; readonly input: unknown }
  return { id, input: message('update', name, input) }
}

function schemaOfMessage({ startsOn, waits = [], signals = [] }: SagaShape, kind: string, name: string) {
  if (kind === 'event')
    return [...waits, ...(startsOn === undefined ? [] : [startsOn])].find(({ wire }) => wire === name)?.data
  const signal = signals.find((one) => one.name === name && one.$banyan === kind)
  return kind === 'update' ? signal?.input : signal?.data
}

function namesOf({ input, waits = [], signals = [] }: SagaShape, operations: ReadonlyMap<string, OperationSchemas>) {
  const outputs = [
    input,
    ...waits.map(({ data }) => data),
    ...signals.flatMap(({ data, output }) => data ?? output ?? []),
  ]
  const inputs = signals.flatMap((signal) => signal.input ?? [])
  const called = [...operations.values()]
  return new Set([
    ...[...outputs, ...inputs, ...called.map(({ output }) => output)].flatMap((one) => [...secretNames(one, 'output')]),
    ...called.flatMap((one) => [...secretNames(one.input, 'input')]),
  ])
}

/** All texts and numbers of a secret value. */
function remember(secrets: Set<string>, value: unknown): void {
  if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) remember(secrets, one)
  else if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value)
    if (text.length >= shortest) secrets.add(text)
  }
}

function blank(value: unknown, secrets: ReadonlySet<string>, names: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return blankText(value, secrets)
  if (typeof value === 'number') return secrets.has(String(value)) ? hidden : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => blank(one, secrets, names))
  const fields = Object.entries(value).map(([name, field]) => {
    const isHidden = names.has(name) && field !== null && field !== undefined
    return [name, isHidden ? hidden : blank(field, secrets, names)]
  })
  return Object.fromEntries(fields)
}

function blankText(text: string, secrets: ReadonlySet<string>): string {
  const longestFirst = [...secrets].sort((one, other) => other.length - one.length)
  return longestFirst.reduce((said, secret) => said.replaceAll(secret, hidden), text)
}
