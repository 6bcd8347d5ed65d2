/** JSON Schema 2020-12 compiled to one pass that validates and copies. Browser-safe, without dependencies. */
export { type Compiled, type CompileOptions, compileSchema } from './compile.ts'
export { isolate } from './isolate.ts'
export type { Issue } from './issue.ts'
export type { JsonSchema } from './json-schema.ts'
export { SchemaError } from './schema-error.ts'
export { INVALID, MAX_DEPTH } from './value.ts'
