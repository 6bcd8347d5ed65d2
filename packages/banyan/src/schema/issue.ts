/**
 * One violation, for a person. The texts are made for an API's error response: they name the place, the rule and what
 * would be right, and show at most 60 characters of what was found.
 */
export interface Issue {
  /** JSON Pointer to the place in the value; '' is the value itself. */
  readonly path: string
  /** The keyword that does not hold (`type`, `required`, `minimum` …); `json` and `depth` are the value model's own. */
  readonly rule: string
  /** What would be right: 'integer ≥ 1', 'one of "EUR", "USD"'. */
  readonly expected: string
  /** What was there: 'string "ab"', 'nothing', 'array of 3'. At most 60 characters. */
  readonly found: string
  /** All of it in one sentence: '/lines/0/quantity must be an integer ≥ 1, found 0'. */
  readonly message: string
}

export function createIssue(path: string, rule: string, expected: string, found: string, advice = ''): Issue {
  const where = path === '' ? 'the value' : path
  return { path, rule, expected, found, message: `${where} ${claim(rule, expected)}, found ${found}${advice}` }
}

function claim(rule: string, expected: string): string {
  if (rule === 'additionalProperties') return 'is not a known property and must be left out'
  const must = `must be ${withArticle(expected)}`
  return rule === 'required' ? `is required and ${must}` : must
}

const nouns = /^(integer|array|object|number|string|boolean|multiple|document)\b/

function withArticle(expected: string): string {
  if (!nouns.test(expected)) return expected
  return `${/^[aeiou]/.test(expected) ? 'an' : 'a'} ${expected}`
}

/** A bounded description of a JSON value. */
export function describeFound(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'nothing'
    case 'string':
      return `string ${shortened(JSON.stringify(value))}`
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? `array of ${value.length}` : shortened(`object with ${keysOf(value)}`)
    case 'bigint':
      return 'a bigint'
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    default:
      return String(value)
  }
}

const MAX_FOUND = 50

function shortened(text: string): string {
  return text.length <= MAX_FOUND ? text : `${text.slice(0, MAX_FOUND).toWellFormed()}…`
}

function keysOf(value: object): string {
  const keys = Object.keys(value).slice(0, 6)
  return keys.length === 0 ? 'no properties' : keys.join(', ')
}
