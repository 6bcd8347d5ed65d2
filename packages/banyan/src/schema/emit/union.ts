/** Code that looks at the type, or at a tag, and runs one branch. */
import { type Choice, choiceCopier } from '../interpret/union.ts'
import { ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, type Shape, STRING, typesOf } from '../shape.ts'
import { isInheritedName } from '../value.ts'
import { emitCall, signature } from './call.ts'
import { emitObject, emitRecordCheck, type Known } from './object.ts'
import { type Code, literal, quote, type Source } from './source.ts'

/** The type, when the set holds exactly one. */
export function soleType(types: number): number | undefined {
  return (types & (types - 1)) === 0 ? types : undefined
}

/** A switch over the JSON types; types without code are invalid. */
export function dispatch(source: Source, value: string, codeFor: (type: number) => Code | undefined): Code {
  const result = source.local('u')
  const arm = (type: number): string => {
    const code = codeFor(type)
    return code === undefined ? 'return I;' : `${code.lines}${result}=${code.result};`
  }
  const simple = [
    ['string', STRING],
    ['number', NUMBER],
    ['boolean', BOOLEAN],
  ] as const
  const arms = simple.map(([name, type]) => `case '${name}':{${arm(type)}break;}`).join('')
  const compound = `case 'object':{if(${value}===null){${arm(NULL)}}else if(isArray(${value})){${arm(ARRAY)}}else{${arm(OBJECT)}}break;}`
  return { lines: `let ${result};switch(typeof ${value}){${arms}${compound}default:return I;}`, result }
}

export function emitUnion(source: Source, found: ReadonlyMap<number, Choice>, value: string): Code {
  const possible = [...found].filter(([, choice]) => choice.kind !== 'none')
  const [only] = possible
  // A union of objects alone needs no look at the type: the branch's own check is one.
  if (possible.length === 1 && only !== undefined && checksType(...only)) return emitChoice(source, only[1], value)
  return dispatch(source, value, (type) => {
    const choice = found.get(type)
    return choice === undefined || choice.kind === 'none' ? undefined : emitChoice(source, choice, value)
  })
}

function checksType(type: number, choice: Choice): boolean {
  return choice.kind === 'tag' || (choice.kind === 'one' && typesOf(choice.branch) === type)
}

function emitChoice(source: Source, choice: Choice, value: string): Code {
  if (choice.kind === 'one') return source.emit(choice.branch, value)
  if (choice.kind !== 'tag') return emitCall(source, source.constant(choiceCopier(source.interpreter, choice)), value)
  const tag = source.local('t')
  const result = source.local('u')
  const key = quote(choice.tag)
  const read = isInheritedName(choice.tag) ? `hasOwn(${value},${key})?${value}[${key}]:undefined` : `${value}[${key}]`
  const cases = choice.cases.map(({ values, branch }) => {
    const code = emitTagged(source, branch, value, { name: choice.tag, local: tag })
    return `${values.map((one) => `case ${literal(one)}:`).join('')}{${code.lines}${result}=${code.result};break;}`
  })
  const lines = `${emitRecordCheck(value)}const ${tag}=${read};let ${result};switch(${tag}){${cases.join('')}default:return I;}`
  return { lines, result }
}

/** A branch is handed the tag that was read, so that the property is read once. */
function emitTagged(source: Source, branch: Shape, value: string, known: Known): Code {
  const { target } = branch
  if (target === undefined) return emitObject(source, branch, value, known)
  const name = source.functionFor(target, known.name, () => {
    const { lines, result } = emitTagged(source, target.shape, 'v', { name: known.name, local: 'tag' })
    return `${signature(target, ',tag')}${lines}return ${result};}`
  })
  const result = source.local('r')
  return { lines: `const ${result}=${name}(${value},d,${known.local});if(${result}===I)return I;`, result }
}
