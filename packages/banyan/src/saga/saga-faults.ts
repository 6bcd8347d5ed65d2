/** Everything that is wrong with a saga's definition, at once. */
import { isSchema, isStandardSchema } from '../contract/schema.ts'
import { sagaPriorities } from '../store/sagas.ts'
import { maxSleepMs, maxSteps } from './options.ts'

const name = /^[a-z][a-z0-9-]{0,62}$/

interface Given {
  readonly version?: unknown
  readonly key?: unknown
  readonly run?: unknown
  readonly input?: unknown
  readonly startsOn?: { readonly kind?: unknown }
  readonly correlations?: unknown
  readonly waits?: readonly { readonly kind?: unknown }[]
  readonly signals?: readonly { readonly name: string }[]
  readonly timeoutMs?: number
  readonly priority?: string
  readonly retry?: object
  readonly maxSteps?: number
  readonly concurrency?: number
  readonly stuckMs?: number
}

const isFunction = (value: unknown): boolean => typeof value === 'function'

function outside(field: string, value: number | undefined, min: number, max: number): readonly string[] {
  if (value === undefined || (Number.isFinite(value) && value >= min && value <= max)) return []
  return [`'${field}' is ${String(value)}: it must be from ${min} to ${max}`]
}

function repeated(field: string, names: readonly string[]): readonly string[] {
  return names.filter((one, index) => names.indexOf(one) !== index).map((one) => `'${field}' has '${one}' twice`)
}

/** One line for each fault. */
export function sagaFaults(given: string, spec: Given): readonly string[] {
  const { version, key, run, input, startsOn, waits = [], signals = [] } = spec
  const faults: string[] = []
  if (!name.test(given))
    faults.push(`its name is lower case, digits and '-', begins with a letter, at most 63 characters`)
  if (!Number.isInteger(version) || (version as number) < 1 || (version as number) > 1_000_000)
    faults.push(`'version' is ${String(version)}: it must be a whole number from 1`)
  if (!isFunction(run)) faults.push(`'run' is not a function`)
  if (!isFunction(key)) faults.push(`'key' is not a function: it gives the key by which a start is idempotent`)
  if (spec.correlations !== undefined && !isFunction(spec.correlations)) faults.push(`'correlations' is not a function`)
  if (startsOn === undefined && !isSchema(input) && !isStandardSchema(input))
    faults.push(`give 'startsOn' (an event) or 'input' (a schema): what it is started with`)
  if (startsOn !== undefined && startsOn.kind !== 'event') faults.push(`'startsOn' is not an event of a contract`)
  if (waits.some((event) => event?.kind !== 'event'))
    faults.push(`'waits' has something that is not an event of a contract`)
  if (spec.priority !== undefined && !Object.hasOwn(sagaPriorities, spec.priority))
    faults.push(`'priority' is '${spec.priority}': it must be one of ${Object.keys(sagaPriorities).join(', ')}`)
  faults.push(
    ...repeated(
      'signals',
      signals.map((signal) => signal.name),
    ),
  )
  faults.push(...outside('timeoutMs', spec.timeoutMs, 1, maxSleepMs))
  faults.push(...outside('maxSteps', spec.maxSteps, 1, maxSteps))
  faults.push(...outside('concurrency', spec.concurrency, 1, 10_000))
  faults.push(...outside('stuckMs', spec.stuckMs, 1, maxSleepMs))
  return [...faults, ...retryFaults('retry', spec.retry)]
}

/** What is wrong with a retry policy. */
export function retryFaults(field: string, retry: object = {}): readonly string[] {
  const { maxAttempts, firstMs, factor, maxMs } = retry as Record<string, number | undefined>
  return [
    ...outside(`${field}.maxAttempts`, maxAttempts, 1, 1_000),
    ...outside(`${field}.firstMs`, firstMs, 1, 3_600_000),
    ...outside(`${field}.factor`, factor, 1, 10),
    ...outside(`${field}.maxMs`, maxMs, 1, 86_400_000),
  ]
}
