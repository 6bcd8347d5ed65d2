/** A JSON Pointer segment (RFC 6901): places in values and in schemas are written with these. */
export function segment(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}
