/**
 * Every keyword we know and the form its value must have. A keyword outside this table is an error: a typo such as
 * `minLenght` would otherwise be a rule that silently does not hold.
 */
import { SchemaError } from '../schema-error.ts'

type Form = 'schema' | 'schemas' | 'schemaMap' | 'count' | 'number' | 'positive' | 'flag' | 'text' | 'names' | 'values'

const rules: Readonly<Record<string, Form | 'any'>> = {
  type: 'any', // a name or names: checked where it is read
  enum: 'values',
  const: 'any',
  default: 'any',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'positive',
  minLength: 'count',
  maxLength: 'count',
  pattern: 'text',
  format: 'text',
  items: 'any', // a schema, or an array of schemas as TypeBox writes tuples
  prefixItems: 'schemas',
  additionalItems: 'schema', // beside the array form of `items`
  minItems: 'count',
  maxItems: 'count',
  uniqueItems: 'flag',
  contains: 'schema',
  minContains: 'count',
  maxContains: 'count',
  properties: 'schemaMap',
  patternProperties: 'schemaMap',
  additionalProperties: 'schema',
  unevaluatedProperties: 'any', // only false, which is what the extras policy says anyway
  propertyNames: 'schema',
  required: 'names',
  minProperties: 'count',
  maxProperties: 'count',
  anyOf: 'schemas',
  oneOf: 'schemas',
  allOf: 'schemas',
  not: 'schema',
  if: 'schema',
  then: 'schema',
  else: 'schema',
  $ref: 'text',
  $defs: 'schemaMap',
  definitions: 'schemaMap',
  $id: 'text',
  $anchor: 'text',
}

const annotations: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  '$vocabulary',
  'title',
  'description',
  'examples',
  'example',
  'deprecated',
  'readOnly',
  'writeOnly',
  'x-secret',
  'contentMediaType',
  'contentEncoding',
  'contentSchema',
  'discriminator',
  'externalDocs',
])

/** TypeBox keeps these functions beside the schema. They cannot be written in a contract, so they must not be lost silently. */
const functionsOnly: Readonly<Record<string, string>> = {
  '~refine': 'a Refine function is not part of JSON Schema: check it in the handler, or say it with keywords',
  '~codec': 'a Codec is not part of JSON Schema: what crosses a contract is the JSON value',
}

/** Throws a SchemaError for the first keyword of `schema` that is unknown or has a value of the wrong form. */
export function assertKeywords(schema: Readonly<Record<string, unknown>>, at: string): void {
  for (const [keyword, problem] of Object.entries(functionsOnly))
    if (Object.hasOwn(schema, keyword)) throw new SchemaError(at, keyword, problem)
  for (const keyword of Object.keys(schema)) {
    if (keyword.startsWith('x-') || keyword.startsWith('~') || annotations.has(keyword)) continue
    const form = Object.hasOwn(rules, keyword) ? rules[keyword] : undefined
    if (form === undefined) throw new SchemaError(at, keyword, `unknown keyword${suggestion(keyword)}`)
    if (form !== 'any' && !hasForm(schema[keyword], form))
      throw new SchemaError(at, keyword, `must be ${formNames[form]}`)
  }
}

const formNames: Readonly<Record<Form, string>> = {
  schema: 'a schema (an object or a boolean)',
  schemas: 'a non-empty array of schemas',
  schemaMap: 'an object of schemas',
  count: 'an integer of 0 or more',
  number: 'a finite number',
  positive: 'a number above 0',
  flag: 'true or false',
  text: 'a string',
  names: 'an array of strings',
  values: 'a non-empty array of JSON values',
}

function hasForm(value: unknown, form: Form): boolean {
  switch (form) {
    case 'schema':
      return isSchema(value)
    case 'schemas':
      return Array.isArray(value) && value.length > 0 && value.every(isSchema)
    case 'schemaMap':
      return isObject(value) && Object.values(value).every(isSchema)
    case 'count':
      return Number.isSafeInteger(value) && (value as number) >= 0
    case 'number':
      return Number.isFinite(value)
    case 'positive':
      return Number.isFinite(value) && (value as number) > 0
    case 'flag':
      return typeof value === 'boolean'
    case 'text':
      return typeof value === 'string'
    case 'names':
      return Array.isArray(value) && value.every((name) => typeof name === 'string')
    case 'values':
      return Array.isArray(value) && value.length > 0
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isSchema(value: unknown): value is boolean | Readonly<Record<string, unknown>> {
  return typeof value === 'boolean' || isObject(value)
}

function suggestion(keyword: string): string {
  const letters = (text: string) => [...text.toLowerCase()].sort().join('')
  const close = Object.keys(rules).find(
    (known) =>
      letters(known) === letters(keyword) ||
      (Math.abs(known.length - keyword.length) === 1 && (known.includes(keyword) || keyword.includes(known))),
  )
  return close === undefined ? '; use a keyword of JSON Schema 2020-12 or an x- prefix' : `; did you mean '${close}'?`
}
