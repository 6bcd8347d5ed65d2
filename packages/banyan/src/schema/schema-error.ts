/**
 * The schema itself cannot be used. Thrown while compiling, at start, never while serving: `at` is a JSON Pointer
 * into the schema (`#/properties/age`), `keyword` the keyword that is wrong there ('' when it is the whole schema).
 *
 * @example
 * try { compileSchema({ type: 'string', minLenght: 1 }, { extras: 'strip' }) }
 * catch (error) { error instanceof SchemaError && error.keyword } // 'minLenght'
 */
export class SchemaError extends Error {
  readonly at: string
  readonly keyword: string

  constructor(at: string, keyword: string, problem: string) {
    super(`schema ${at}${keyword === '' ? '' : `, keyword '${keyword}'`}: ${problem}`)
    this.name = 'SchemaError'
    this.at = at
    this.keyword = keyword
  }
}
