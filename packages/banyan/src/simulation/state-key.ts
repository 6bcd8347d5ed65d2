/**
 * The text by which a state is known: equal data, equal text, whatever the order in which its fields were set. Sets and maps
 * are compared by what they hold.
 */

/**
 * A canonical text of plain data: null, booleans, numbers, bigints, strings, undefined, arrays, objects, maps, sets.
 * Throws a TypeError for anything else, since a function or a class instance cannot be compared.
 *
 * @example
 * toStateKey({ b: [1], a: undefined }) // '{"a":_,"b":[1]}'
 */
export function toStateKey(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '0' : String(value)
    case 'boolean':
      return String(value)
    case 'bigint':
      return `${value}n`
    case 'undefined':
      return '_'
    case 'object':
      return value === null ? 'null' : ofObject(value)
    default:
      throw new TypeError(`a state is plain data; it has a ${typeof value} in it`)
  }
}

function ofObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(toStateKey).join(',')}]`
  if (value instanceof Set) return `<${[...value].map(toStateKey).sort().join(',')}>`
  if (value instanceof Map) return `<${[...value].map(([key, of]) => `${toStateKey(key)}=${toStateKey(of)}`).sort()}>`
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`a state is plain data; it has a ${prototype.constructor?.name ?? 'class instance'} in it`)
  }
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, of]) => `${JSON.stringify(key)}:${toStateKey(of)}`).join(',')}}`
}
