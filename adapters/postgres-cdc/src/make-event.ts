/** Data of an event, validated and in an envelope: by whoever has the contract, or, for a source that runs by itself, here. */
import { toNewEvent } from 'banyan/bus'
import { type AnyEvent, validateStandard, validator } from 'banyan/contract'
import { BanyanError } from 'banyan/core'
import { type Compiled, compileSchema, INVALID } from 'banyan/schema'
import type { NewEvent } from 'banyan/store'

/** Throws INVALID_ARGUMENT naming the field. */
export type MakeEvent = (
  event: AnyEvent,
  data: unknown,
  facts: { readonly id: string; readonly timeMs: number },
) => NewEvent

/** For a source without a host: any event, by its own schema. */
export function createMakeEvent(system: string, service: string): MakeEvent {
  const checks = new WeakMap<AnyEvent, (data: unknown) => unknown>()
  return (event, data, facts) => {
    const check = checks.get(event) ?? createCheck(event)
    checks.set(event, check)
    const checked = check(data)
    const key = String((checked as Record<string, unknown>)[event.key])
    return toNewEvent({ ...facts, system, service, type: event.wire, key, data: checked })
  }
}

/** The schema's own library first, when it has one; then the copy by JSON Schema, without what the schema does not name. */
function createCheck(event: AnyEvent): (data: unknown) => unknown {
  const { standard, json } = validator(event.data, 'output')
  const compiled = compileSchema(json, { extras: 'strip' })
  return (data) => {
    const result = standard === undefined ? { value: data } : validateStandard(standard, data)
    if (result.issues !== undefined) throw invalid(event, result.issues[0]?.message ?? 'invalid')
    return copy(event, compiled, result.value)
  }
}

function copy(event: AnyEvent, compiled: Compiled, value: unknown): unknown {
  const copied = compiled.copy(value)
  if (copied !== INVALID) return copied
  const [first] = compiled.explain(value)
  throw invalid(event, `${first?.path ?? ''}: ${first?.message ?? 'invalid'}`)
}

function invalid(event: AnyEvent, why: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `the data of ${event.wire} does not fit its schema: ${why}`, {
    reason: 'INVALID_EVENT',
  })
}
