/**
 * What can be wrong with a contract. The types refuse most of it already; this is for what they cannot see (duplicate
 * routes, values from outside) and for those who do not compile. All faults are found at once.
 */
import { type EventKind, eventKinds } from './event.ts'
import { operationFaults } from './operation-faults.ts'
import { type ParsedRoute, routeShape } from './route.ts'
import type { JsonSchema } from './schema.ts'
import { fieldsOf, isText, readSchema, requiredOf } from './schema-faults.ts'
import { upcastFaults } from './upcast.ts'

/** Members of every contract, and names that JavaScript treats specially: no operation may have one of them. */
export const reservedNames: readonly string[] = [
  'name',
  'version',
  'major',
  'owner',
  'about',
  'terms',
  'operations',
  'events',
  'errors',
  'then',
  'toJSON',
  'constructor',
  'prototype',
]

/** How contracts, services and systems are named. They become parts of host names, roles and topics. */
export const contractName: RegExp = /^[a-z][a-z0-9-]*$/

/** Names are at most this long: a Postgres role or a DNS label takes 63. */
export const maxNameLength = 40

const memberName = /^[a-z][A-Za-z0-9]*$/
const semver = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/

type Loose = { readonly [member: string]: unknown }

/** All that is wrong with a contract, a line each; empty when it is good. */
export function contractFaults(name: string, spec: object): readonly string[] {
  const { version, owner, operations, events } = spec as Loose
  const faults: string[] = []
  if (!contractName.test(name)) faults.push(`name '${name}' must be lower case letters, digits and '-', a letter first`)
  if (name.length > maxNameLength) faults.push(`name '${name}' is longer than ${maxNameLength} characters`)
  if (typeof version !== 'string' || !semver.test(version))
    faults.push(`version '${String(version)}' must be a semantic version, like '1.0.0'`)
  if (typeof owner !== 'string' || owner.trim() === '') faults.push('owner must name the team that answers for it')
  faults.push(...allOperationFaults((operations ?? {}) as Loose), ...allEventFaults((events ?? {}) as Loose))
  return faults
}

function allOperationFaults(operations: Loose): readonly string[] {
  const routes = new Map<string, string>()
  const paths = new Map<string, string>()
  return Object.entries(operations).flatMap(([name, operation]) => {
    const { faults, route } = operationFaults(operation)
    const all = [...nameFaults(name, 'operation'), ...faults]
    if (route !== undefined) all.push(...routeFaults(name, route, routes, paths))
    return all.map((fault) => `operation '${name}': ${fault}`)
  })
}

/** What a route may not share with the routes before it. */
function routeFaults(
  name: string,
  route: ParsedRoute,
  routes: Map<string, string>,
  paths: Map<string, string>,
): readonly string[] {
  const shape = routeShape(route)
  const place = shape.slice(route.method.length + 1)
  const sameRoute = routes.get(shape)
  const samePath = paths.get(place) ?? route.path
  routes.set(shape, sameRoute ?? name)
  paths.set(place, samePath)
  if (sameRoute !== undefined) return [`http: '${sameRoute}' has the same route`]
  // OpenAPI sees one path here, and could not name its parameters
  if (samePath !== route.path) return [`http: '${route.path}' is the path '${samePath}': name its parameters alike`]
  return []
}

function nameFaults(name: string, what: 'operation' | 'event'): readonly string[] {
  if (what === 'operation' && reservedNames.includes(name))
    return [`'${name}' is a member of every contract: give this operation another name`]
  if (name.startsWith('$')) return [`a name that starts with '$' belongs to Banyan`]
  if (!memberName.test(name)) return [`the name must be camelCase: letters and digits, a small letter first`]
  return name.length > maxNameLength ? [`the name is longer than ${maxNameLength} characters`] : []
}

function allEventFaults(events: Loose): readonly string[] {
  return Object.entries(events).flatMap(([name, event]) =>
    [...nameFaults(name, 'event'), ...eventFaults(event)].map((fault) => `event '${name}': ${fault}`),
  )
}

function eventFaults(event: unknown): readonly string[] {
  const { kind, eventKind, key, major, data, upcast, retention } = (event ?? {}) as Loose
  if (kind !== 'event' || major === undefined) return ['is no event: make it with event({ … })']
  const faults: string[] = []
  if (!eventKinds.includes(eventKind as EventKind))
    faults.push(`kind '${String(eventKind)}' is not one of ${eventKinds.map((one) => `'${one}'`).join(', ')}`)
  if (!Number.isInteger(major) || Number(major) < 1)
    faults.push(`version ${String(major)} must be a whole number from 1`)
  else faults.push(...upcastFaults(upcast, Number(major)))
  faults.push(...retentionFaults(retention))
  const read = readSchema(data, 'output')
  return 'fault' in read ? [...faults, `data ${read.fault}`] : [...faults, ...keyFaults(String(key), read.json)]
}

function retentionFaults(retention: unknown): readonly string[] {
  if (retention === undefined) return []
  if (typeof retention !== 'object' || retention === null) return ['retention must be { ageMs?, bytes? }']
  const given = Object.entries(retention).filter(([, value]) => value !== undefined)
  if (given.length === 0) return ['retention says nothing: give ageMs, bytes or both']
  return given.flatMap(([name, value]) => {
    if (name !== 'ageMs' && name !== 'bytes') return [`retention has no '${name}': it takes ageMs and bytes`]
    return Number.isSafeInteger(value) && value > 0 ? [] : [`retention: ${name} must be a whole number from 1`]
  })
}

function keyFaults(key: string, data: JsonSchema): readonly string[] {
  const fields = fieldsOf(data)
  if (fields === undefined) return ['data must be an object, so that fields can be added: wrap it in t.Object({ … })']
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined
  if (field === undefined) return [`key '${key}' is not a field of data`]
  if (!isText(field)) return [`key '${key}' must be a string in data`]
  return requiredOf(data).includes(key) ? [] : [`key '${key}' may not be optional in data`]
}
