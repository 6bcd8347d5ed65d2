/**
 * The value model: what counts as JSON here. `JSON.stringify` is lenient (a Date becomes a string, NaN becomes null, a
 * Map becomes {}), and every one of those conversions is a value that changes on its way. So they are refused; only an
 * `undefined` property, which TypeScript writes for an absent one, is treated as absent. Own properties that a schema
 * names are read by name, enumerable or not, exactly once; keys nobody named are the enumerable own string keys.
 */

/** Returned instead of a copy when a value does not satisfy its schema or is not JSON. */
export const INVALID: unique symbol = Symbol('INVALID')

/** "Valid, and nothing said about the content": what an in-place subschema answers that only asserts (`not`, `{}`). */
export const NOTHING: unique symbol = Symbol('NOTHING')

/**
 * Most nested levels of what has no shape of its own: untyped values, and the turns of a recursive $ref. Enough for any
 * document a person wrote, small enough that hostile nesting and cycles end long before the stack does.
 */
export const MAX_DEPTH = 64

const objectPrototype = Object.prototype

/** A record as JSON.parse or an object literal makes it. Class instances and objects that convert themselves are not. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== objectPrototype && prototype !== null) return false
  return !Array.isArray(value) && !convertsItself(value)
}

/**
 * An array and nothing more: subclasses and arrays that convert themselves are class instances. `constructor` tells it
 * like the prototype does, for a third of the time of asking for an array's prototype.
 */
export function isList(value: object): value is unknown[] {
  return Array.isArray(value) && value.constructor === Array && !convertsItself(value)
}

export function convertsItself(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

/** Assigns an own property; `__proto__` too becomes a plain key instead of changing the prototype. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

const inheritedNames = new Set(Object.getOwnPropertyNames(objectPrototype))

/** True for names every object inherits (`constructor`, `toString`, `__proto__` …): reading them needs an own check. */
export function isInheritedName(name: string): boolean {
  return inheritedNames.has(name)
}

/** The own property of a plain object, or undefined: never what it inherits. */
export function readOwn(value: Record<string, unknown>, name: string): unknown {
  return isInheritedName(name) && !Object.hasOwn(value, name) ? undefined : value[name]
}
