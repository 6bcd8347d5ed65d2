/** Code for objects: each property once into a local, one literal for those that are always there. */
import { hasRightCount, keyCopier, objectCopier, ordered } from '../interpret/object.ts'
import { describesObject, type ObjectRules, type Property, type Shape } from '../shape.ts'
import { isInheritedName, readOwn } from '../value.ts'
import { emitCall } from './call.ts'
import { type Code, isPrimitive, literal, quote, type Source } from './source.ts'

/** Declared names compared one by one when looking for unknown keys; above it a set is faster. */
const MAX_COMPARED = 12

/** Value of a property that was read before, to choose this branch. */
export interface Known {
  readonly name: string
  readonly local: string
}

const noRules: ObjectRules = { properties: [], patterns: [], present: [], minProperties: 0, closed: false }

export function emitRecordCheck(value: string): string {
  const prototype = `${value}p`
  // toJSON is read first: reading a property tells the optimising compiler the object's map, and then it knows the prototype.
  return (
    `if(typeof ${value}!=='object'||${value}===null||typeof ${value}.toJSON==='function'||isArray(${value}))return I;` +
    `const ${prototype}=prototypeOf(${value});if(${prototype}!==objectPrototype&&${prototype}!==null)return I;`
  )
}

export function emitObject(source: Source, shape: Shape, value: string, known?: Known): Code {
  const check = known === undefined ? emitRecordCheck(value) : ''
  if (!describesObject(shape) || shape.object?.names !== undefined) {
    const { lines, result } = emitInterpreted(source, shape, value, known)
    return { lines: check + lines, result }
  }
  const rules = shape.object ?? noRules
  const copy = source.local('o')
  const lines = [check, emitDeclared(source, rules, value, copy, known)]
  for (const name of rules.present)
    lines.push(`if(${source.constant(readOwn)}(${value},${quote(name)})===undefined)return I;`)
  lines.push(emitOthers(source, rules, value, copy))
  if (rules.minProperties > 0 || rules.maxProperties !== undefined)
    lines.push(`if(!${source.constant(hasRightCount)}(${source.constant(rules)},${copy}))return I;`)
  return { lines: lines.join(''), result: copy }
}

/** Rules about names are rare: the interpreter's closure does them. */
function emitInterpreted(source: Source, shape: Shape, value: string, known: Known | undefined): Code {
  if (shape.object === undefined) return emitCall(source, 'isolateAt', value)
  const closure = source.constant(objectCopier(source.interpreter, shape, known?.name))
  const result = source.local('r')
  const more = known === undefined ? '' : `,${known.local}`
  return { lines: `const ${result}=${closure}(${value},d${more});if(${result}===I)return I;`, result }
}

function emitDeclared(source: Source, rules: ObjectRules, value: string, copy: string, known?: Known): string {
  const reads: string[] = []
  const always: string[] = []
  const sometimes: string[] = []
  for (const property of ordered(rules.properties)) {
    const { lines, result, maybe } = emitProperty(source, property, value, known)
    reads.push(lines)
    const key = property.name === '__proto__' ? '["__proto__"]' : quote(property.name)
    if (!maybe) always.push(`${key}:${result}`)
    else sometimes.push(`if(${result}!==undefined)${emitSet(copy, property.name, result)};`)
  }
  return `${reads.join('')}const ${copy}={${always.join(',')}};${sometimes.join('')}`
}

function emitSet(copy: string, name: string, result: string): string {
  return name === '__proto__' ? `setOwn(${copy},"__proto__",${result})` : `${copy}[${quote(name)}]=${result}`
}

function emitProperty(
  source: Source,
  property: Property,
  value: string,
  known: Known | undefined,
): Code & { readonly maybe: boolean } {
  const found = source.local('x')
  const read = known?.name === property.name ? known.local : emitRead(value, property.name)
  const { lines, result } = source.emit(property.shape, found)
  const start = `const ${found}=${read};`
  if (property.required) return { lines: start + lines, result, maybe: false }
  const own = source.local('r')
  const preset = property.default
  const otherwise = preset === undefined ? '' : `else{${own}=${emitDefault(source, preset.value)};}`
  const guarded = `${start}let ${own};if(${found}!==undefined){${lines}${own}=${result};}${otherwise}`
  return { lines: guarded, result: own, maybe: preset === undefined }
}

function emitRead(value: string, name: string): string {
  const key = quote(name)
  return isInheritedName(name) ? `hasOwn(${value},${key})?${value}[${key}]:undefined` : `${value}[${key}]`
}

function emitDefault(source: Source, value: unknown): string {
  return isPrimitive(value) ? literal(value) : `again(${source.constant(value)})`
}

/** Keys that no property names: a record's entries, or what 'reject' refuses. */
function emitOthers(source: Source, rules: ObjectRules, value: string, copy: string): string {
  const isOpen = rules.rest !== undefined || rules.patterns.length > 0
  const reject = source.interpreter.extras === 'reject'
  if (!isOpen && !reject) return ''
  const key = source.local('k')
  const names = rules.properties.map((property) => property.name)
  const unknown = emitUnknown(source, names, key)
  // An inherited key can only come from a polluted prototype; it is not the value's.
  const head = `for(const ${key} in ${value}){if(${unknown}hasOwn(${value},${key})){`
  if (!isOpen) return `${head}if(${value}[${key}]!==undefined)return I;}}`
  return `${head}${emitEntry(source, rules, value, copy, key)}}}`
}

function emitUnknown(source: Source, names: readonly string[], key: string): string {
  if (names.length === 0) return ''
  if (names.length > MAX_COMPARED) return `!${source.constant(new Set(names))}.has(${key})&&`
  return `${names.map((name) => `${key}!==${quote(name)}`).join('&&')}&&`
}

function emitEntry(source: Source, rules: ObjectRules, value: string, copy: string, key: string): string {
  const found = source.local('x')
  const start = `const ${found}=${value}[${key}];if(${found}!==undefined){`
  const proper = `if(!${key}.isWellFormed())return I;`
  const only = rules.patterns.length === 0 ? rules.rest : undefined
  if (only !== undefined) {
    const { lines, result } = source.emit(only, found)
    return `${start}${proper}${lines}setOwn(${copy},${key},${result});}`
  }
  const choose = source.constant(keyCopier(source.interpreter, rules, false))
  const copier = source.local('m')
  const { lines, result } = emitCall(source, copier, found)
  const stray = source.interpreter.extras === 'reject' ? 'else return I;' : ''
  return `${start}const ${copier}=${choose}(${key});if(${copier}!==undefined){${proper}${lines}setOwn(${copy},${key},${result});}${stray}}`
}
