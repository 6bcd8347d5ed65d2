/** The `Location` of a success, from fields of the output: `/orders/:orderId`. */
import { parsePath, type Segment } from '../contract/route.ts'

/** Compiles the template; undefined when the output lacks a field. Values are percent-encoded, a segment each. */
export function compileLocation(template: string): (output: unknown) => string | undefined {
  const segments = parsePath(template) as readonly Segment[]
  return (output) => {
    let path = ''
    for (const segment of segments) {
      const part = 'literal' in segment ? segment.literal : encode(output, segment.parameter)
      if (part === undefined) return undefined
      path += `/${part}`
    }
    return path === '' ? '/' : path
  }
}

function encode(output: unknown, field: string): string | undefined {
  if (typeof output !== 'object' || output === null || !Object.hasOwn(output, field)) return undefined
  return encodeURIComponent(String((output as Readonly<Record<string, unknown>>)[field]))
}
