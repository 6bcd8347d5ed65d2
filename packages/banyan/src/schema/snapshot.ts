/**
 * A picture of a value that can be looked at many times. Untagged unions, `not`, `if`, `contains` and explanations need
 * several looks; a getter or proxy could answer each look differently. So the value is read once into plain data of
 * the same graph (cycles and shared parts included), and everything that is not JSON is replaced by a `Refused` that
 * remembers what it was. Evaluation then refuses a `Refused` only where it looks, as the compiled pass does.
 */
import { isList, isPlain } from './value.ts'

/** Levels a snapshot follows before it refuses: far more than any schema looks at, far less than the stack holds. */
const MAX_SNAPSHOT_DEPTH = 1024

/** Stands in a snapshot for something that is not JSON. A class instance, so every check refuses it like one. */
export class Refused {
  readonly what: string
  readonly advice: string

  constructor(what: string, advice: string) {
    this.what = what
    this.advice = advice
  }
}

/** What the snapshot's objects are worth remembering about: the results of evaluations, by evaluator. */
const memories = new WeakMap<object, Map<object, unknown>>()

/** The memory of a snapshot object, or undefined when `value` is no part of a snapshot. */
export function memoryOf(value: object): Map<object, unknown> | undefined {
  return memories.get(value)
}

/** Plain data with the same content, or `value` itself when it is a primitive or already part of a snapshot. */
export function snapshot(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || memories.has(value)) return value
  return picture(value, new Map(), 0)
}

function picture(value: unknown, seen: Map<object, unknown>, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = seen.get(value)
  if (known !== undefined) return known
  if (depth >= MAX_SNAPSHOT_DEPTH) return new Refused('a value nested too deeply', 'flatten it')
  try {
    if (value instanceof Refused) return value
    if (isList(value)) return pictureList(value, seen, depth)
    if (isPlain(value)) return pictureRecord(value, seen, depth)
    return refusedObject(value)
  } catch {
    return new Refused('an object that throws when it is read', 'send plain data')
  }
}

function pictureList(value: readonly unknown[], seen: Map<object, unknown>, depth: number): unknown {
  const copy: unknown[] = []
  remember(value, copy, seen)
  const length = value.length
  for (let index = 0; index < length; index++) {
    const element = read(value, index)
    copy.push(picture(element, seen, depth + 1))
    // Nothing after an absent element can make the array valid, and a sparse array can be 2^32 long.
    if (element === undefined) break
  }
  return copy
}

function pictureRecord(value: Record<string, unknown>, seen: Map<object, unknown>, depth: number): unknown {
  const copy: Record<string, unknown> = {}
  remember(value, copy, seen)
  for (const key of Object.getOwnPropertyNames(value)) {
    const enumerable = Object.prototype.propertyIsEnumerable.call(value, key)
    const property = picture(read(value, key), seen, depth + 1)
    Object.defineProperty(copy, key, { value: property, enumerable, writable: true, configurable: true })
  }
  return copy
}

function remember(value: object, copy: object, seen: Map<object, unknown>): void {
  seen.set(value, copy)
  memories.set(copy, new Map())
}

function read(value: object, key: string | number): unknown {
  try {
    return (value as Record<string | number, unknown>)[key]
  } catch {
    return new Refused('a property that throws when it is read', 'send plain data')
  }
}

const advices: Readonly<Record<string, string>> = {
  Date: 'send an ISO string',
  Map: 'send an object or an array of pairs',
  Set: 'send an array',
  RegExp: 'send its source as a string',
  Number: 'send the primitive number',
  String: 'send the primitive string',
  Boolean: 'send the primitive boolean',
  Uint8Array: 'send a base64 string',
  Buffer: 'send a base64 string',
  Promise: 'await it first',
  Error: 'send its message as a string',
}

function refusedObject(value: object): Refused {
  const prototype: unknown = Object.getPrototypeOf(value)
  const plain = prototype === Object.prototype || prototype === null || prototype === Array.prototype
  if (plain) return new Refused('an object with toJSON', 'send what toJSON returns')
  const name = constructorName(value)
  return new Refused(`${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`, advices[name] ?? 'send a plain object')
}

function constructorName(value: object): string {
  const maker: unknown = (value as { constructor?: unknown }).constructor
  const name: unknown = typeof maker === 'function' ? maker.name : ''
  return typeof name === 'string' && /^[\w$]{1,40}$/.test(name) ? name : 'class instance'
}
