/** What can be wrong with an aggregate. All faults are found at once. */
import type { EventKind } from '../contract/event.ts'
import { readSchema } from '../contract/schema-faults.ts'
import { upcastFaults, upcastMajors } from '../contract/upcast.ts'
import { INVALID, isolate } from '../schema/index.ts'
import { type FactSource, toContractEvent } from './aggregate.ts'

const aggregateName = /^[a-z][A-Za-z0-9]{0,39}$/
const memberName = /^[a-z][A-Za-z0-9]{0,63}$/
const sourced: EventKind = 'sourced'
/** Events between two snapshots. */
export const snapshotInterval = { min: 1, max: 100_000 } as const

type Loose = { readonly [member: string]: unknown }

/** All that is wrong with an aggregate, a line each; empty when it is good. */
export function aggregateFaults(name: string, spec: object): readonly string[] {
  const { events, initial, evolve, commands, decide, snapshot, upcast } = spec as Loose
  const faults: string[] = []
  if (!aggregateName.test(name)) faults.push(`name '${name}' must be 1 to 40 letters and digits, a small letter first`)
  if (typeof evolve !== 'function') faults.push('evolve must be a function (state, event) => state')
  if (isolate(initial) === INVALID) faults.push('initial must be plain JSON: no undefined, dates, classes or cycles')
  faults.push(...factFaults((events ?? {}) as Loose, (upcast ?? {}) as Loose))
  faults.push(...commandFaults((commands ?? {}) as Loose, (decide ?? {}) as Loose))
  return [...faults, ...snapshotFaults(snapshot)]
}

function factFaults(events: Loose, upcast: Loose): readonly string[] {
  const strangers = Object.keys(upcast).filter((name) => !Object.hasOwn(events, name))
  const none = Object.keys(events).length === 0 ? ['it has no events'] : []
  return [
    ...none,
    ...strangers.map((name) => `upcast '${name}' is not an event of it`),
    ...Object.entries(events).flatMap(([name, source]) =>
      [...nameFaults(name), ...oneFaults(source as FactSource, upcast[name])].map(
        (fault) => `event '${name}': ${fault}`,
      ),
    ),
  ]
}

function oneFaults(source: FactSource, upcast: unknown): readonly string[] {
  const event = typeof source === 'object' && source !== null ? toContractEvent(source) : undefined
  if (event !== undefined) {
    const faults = upcast === undefined ? [] : ['its upcasters belong to the event of the contract']
    if (event.eventKind !== sourced)
      faults.push(`is of kind '${event.eventKind}': only events of kind '${sourced}' come out of streams`)
    if (event.wire === undefined) faults.push('must be taken from its contract, as in Payments.events.captured')
    return faults
  }
  const read = readSchema(source, 'output')
  const top = upcastMajors((upcast ?? {}) as Record<number, never>).at(-1)
  return ['fault' in read ? `data ${read.fault}` : '', ...upcastFaults(upcast, (top ?? 0) + 1)].filter(
    (fault) => fault !== '',
  )
}

function commandFaults(commands: Loose, decide: Loose): readonly string[] {
  const names = Object.keys(commands)
  return [
    ...names.flatMap((name) => {
      const read = readSchema(commands[name], 'input')
      const faults = 'fault' in read ? [...nameFaults(name), `input ${read.fault}`] : [...nameFaults(name)]
      if (typeof decide[name] !== 'function') faults.push('has no function in decide')
      return faults.map((fault) => `command '${name}': ${fault}`)
    }),
    ...Object.keys(decide)
      .filter((name) => !Object.hasOwn(commands, name))
      .map((name) => `decide '${name}' has no schema in commands`),
  ]
}

function snapshotFaults(snapshot: unknown): readonly string[] {
  if (snapshot === undefined) return []
  const { everyEvents, schemaVersion } = (snapshot ?? {}) as Loose
  const { min, max } = snapshotInterval
  const faults: string[] = []
  if (!Number.isInteger(everyEvents) || Number(everyEvents) < min || Number(everyEvents) > max)
    faults.push(`snapshot: everyEvents must be a whole number from ${min} to ${max}`)
  if (!Number.isInteger(schemaVersion) || Number(schemaVersion) < 1 || Number(schemaVersion) > 2_000_000_000)
    faults.push('snapshot: schemaVersion must be a whole number from 1')
  return faults
}

function nameFaults(name: string): readonly string[] {
  return memberName.test(name) ? [] : ['the name must be camelCase: letters and digits, a small letter first']
}
