/**
 * Patterns so plain that comparing characters answers them: anchored at both ends, one ASCII character or class after the
 * other, each a fixed number of times. `^[A-Z]-[0-9]{3}$` is of this kind, as are most identifiers. Entering the regular
 * expression engine costs several times what such a comparison costs. What is not surely of this kind stays with the engine.
 */

type Range = readonly [from: number, to: number]

/** One of these characters, so many times in a row. */
interface Step {
  readonly ranges: readonly Range[]
  readonly count: number
}

/** Longest text whose comparison is written out. */
const MAX_LENGTH = 64

const digits: Range = [48, 57]
const classes: Readonly<Record<string, readonly Range[]>> = {
  d: [digits],
  w: [digits, [65, 90], [95, 95], [97, 122]],
}

/** A literal, an escape or a class, and how often. */
const step =
  /(?:([\w \-:/@#%&,;=!"'<>~`])|\\([dw./+*?()[\]{}|^$\\])|\[((?:[\w :/@#%&,;=!"'<>~`.+*?(){}$-]|\\[dw.\-/+*?()[\]{}|^$\\])+)\])(?:\{(\d+)\})?/y

/** A range of letters or digits, an escape that begins no range, a character that is no hyphen. */
const member = /([A-Za-z0-9])-([A-Za-z0-9])|\\([\s\S])(?!-)|([^\\-])(?!-)/y

const only = (text: string): readonly Range[] => [[text.charCodeAt(0), text.charCodeAt(0)]]

function toRanges(text: string): readonly Range[] | undefined {
  const hyphen = text.startsWith('-') || text.endsWith('-')
  const inner = text.replace(/^-|(?<!\\)-$/g, '')
  const ranges: Range[] = hyphen ? [[45, 45]] : []
  for (member.lastIndex = 0; member.lastIndex < inner.length; ) {
    const [, from, to, escaped, single] = member.exec(inner) ?? []
    if (from !== undefined && to !== undefined) ranges.push([from.charCodeAt(0), to.charCodeAt(0)])
    else if (escaped !== undefined) ranges.push(...(classes[escaped] ?? only(escaped)))
    else if (single !== undefined) ranges.push(...only(single))
    else return undefined
  }
  return ranges
}

function toSteps(pattern: string): readonly Step[] | undefined {
  if (!pattern.startsWith('^') || !pattern.endsWith('$') || pattern.endsWith('\\$')) return undefined
  const body = pattern.slice(1, -1)
  const steps: Step[] = []
  for (step.lastIndex = 0; step.lastIndex < body.length; ) {
    const [found, literal, escaped, inside, count = '1'] = step.exec(body) ?? []
    if (found === undefined) return undefined
    const ranges =
      inside !== undefined
        ? toRanges(inside)
        : literal !== undefined
          ? only(literal)
          : (classes[escaped ?? ''] ?? only(escaped ?? ''))
    if (ranges === undefined) return undefined
    steps.push({ ranges, count: Number(count) })
  }
  return steps
}

const toCondition = (ranges: readonly Range[]): string =>
  ranges.map(([from, to]) => (from === to ? `k===${from}` : `k>=${from}&&k<=${to}`)).join('||')

function emitStep({ ranges, count }: Step, from: number): string {
  const refuse = `if(!(${toCondition(ranges)}))return false;`
  if (count === 1) return `k=v.charCodeAt(${from});${refuse}`
  return `for(let i=${from};i<${from + count};i++){k=v.charCodeAt(i);${refuse}}`
}

/** The rest of `function name` for a plain pattern, from its parameters on; undefined for any other. */
export function emitPlainPattern(pattern: string): string | undefined {
  const steps = toSteps(pattern)
  if (steps === undefined) return undefined
  let length = 0
  const lines = steps.map((one) => {
    const line = emitStep(one, length)
    length += one.count
    return line
  })
  return length > MAX_LENGTH
    ? undefined
    : `(v){if(v.length!==${length})return false;let k=0;${lines.join('')}return true;}`
}
