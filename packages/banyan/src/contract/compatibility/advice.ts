/** What a person can do about a finding. */
import type { Finding } from './finding.ts'

/** Who would have to accept what: `backward`, new readers and old documents; `forward`, old readers and new documents. */
export type Direction = 'backward' | 'forward'

/** One or two ways out, the least costly first; `name` is the last part of the path. */
export function adviceFor({ rule, path, confirmed }: Finding, direction: Direction): string {
  if (!confirmed) return undecided(rule)
  const field = path === '' ? 'the whole' : `'${path}'`
  return `${direction === 'backward' ? forOldDocuments(rule, field) : forOldReaders(rule, field)}, or begin a new major version`
}

function undecided(rule: string): string {
  if (rule === 'size') return 'split the schema: it is too large to be compared'
  return `say it without '${rule}', which is not decided here, or begin a new major version`
}

function forOldDocuments(rule: string, field: string): string {
  switch (rule) {
    case 'required':
      return `make ${field} optional or give it a default`
    case 'enum':
      return `go on accepting the values of ${field} that were allowed before`
    case 'type':
      return `go on accepting the old type of ${field}, or add a field of another name`
    case 'anyOf':
    case 'oneOf':
      return `keep all alternatives of ${field} that were allowed before`
    case 'additionalProperties':
      return `keep ${field} in the schema, as optional`
    default:
      return `do not narrow '${rule}' of ${field}`
  }
}

function forOldReaders(rule: string, field: string): string {
  switch (rule) {
    case 'required':
      return `keep ${field} required: deprecate it before it goes`
    case 'enum':
      return `do not send new values of ${field} to readers that know a fixed list (let them know 'other' first)`
    case 'type':
      return `keep the type of ${field}, and add a field of another name`
    case 'anyOf':
    case 'oneOf':
      return `do not send alternatives of ${field} that readers do not know`
    case 'additionalProperties':
      return `leave ${field} out until its readers know it`
    default:
      return `do not widen '${rule}' of ${field}`
  }
}
