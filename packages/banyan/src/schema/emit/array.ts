/** Code for arrays. */
import { ANYTHING, type ArrayRules, type Shape } from '../shape.ts'
import { emitCall } from './call.ts'
import type { Code, Source } from './source.ts'

/** Up to this length a copy gets its final size at once; pushing to an empty array would reserve room for 17 elements first. */
const MAX_PREALLOCATED = 1_024

export function emitArray(source: Source, shape: Shape, value: string): Code {
  const rules = shape.array
  const check = `if(!isArray(${value}))return I;`
  if (rules === undefined) {
    const { lines, result } = emitCall(source, 'isolateAt', value)
    return { lines: check + lines, result }
  }
  const own = `if(!isArray(${value})||${value}.constructor!==Array||typeof ${value}.toJSON==='function')return I;`
  const length = source.local('n')
  const copy = source.local('a')
  const lines = [
    own,
    // A proxy may answer with anything: as a whole number it can neither become an element nor change between two uses.
    `const ${length}=${value}.length>>>0;`,
    emitCount(rules, length),
    `const ${copy}=${length}>${MAX_PREALLOCATED}?[]:new Array(${length});`,
  ]
  lines.push(emitElements(source, rules, value, length, copy))
  if (rules.distinct) lines.push(`if(new Set(${copy}).size!==${length})return I;`)
  return { lines: lines.join(''), result: copy }
}

function emitCount(rules: ArrayRules, length: string): string {
  const least = rules.minItems > 0 ? `if(${length}<${rules.minItems})return I;` : ''
  return rules.maxItems === undefined ? least : `${least}if(${length}>${rules.maxItems})return I;`
}

function emitElements(source: Source, rules: ArrayRules, value: string, length: string, copy: string): string {
  const parts = rules.prefix.map((shape, index) => {
    const element = source.local('e')
    const { lines, result } = source.emit(shape, element)
    return `if(${length}>${index}){const ${element}=${value}[${index}];${lines}${copy}[${index}]=${result};}`
  })
  if (rules.maxItems !== undefined && rules.maxItems <= rules.prefix.length) return parts.join('')
  const index = source.local('i')
  const element = source.local('e')
  const { lines, result } = source.emit(rules.rest ?? ANYTHING, element)
  parts.push(
    `for(let ${index}=${rules.prefix.length};${index}<${length};${index}++){const ${element}=${value}[${index}];${lines}${copy}[${index}]=${result};}`,
  )
  return parts.join('')
}
