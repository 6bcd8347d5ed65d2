/** What databases and roles are called: `<system>__<service>`, the same for both. */
import { BanyanError } from 'banyan/core'

/** The log's place among the databases of a system; no service can have this name. */
export const busName = 'bus'

/** The schema registry's, likewise. */
export const schemasName = 'schemas'

const pattern = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/
/** NAMEDATALEN - 1: Postgres cuts longer names off without a word, so that two of them could become one. */
const maxBytes = 63

/** The name of a service's database and role. Throws INVALID_ARGUMENT for one that Postgres would not keep as it is. */
export function databaseName(system: string, service: string): string {
  assertName('system', system)
  assertName('service', service)
  const name = `${system}__${service}`
  if (Buffer.byteLength(name) <= maxBytes) return name
  throw invalid(`the database of service '${service}' would be called '${name}', longer than ${maxBytes} bytes`)
}

/** Refuses a list of services that cannot have databases of their own. */
export function assertServices(services: readonly string[]): void {
  if (services.includes(busName))
    throw invalid(`a service cannot be called '${busName}': the log's database has that name`)
  if (services.includes(schemasName))
    throw invalid(`a service cannot be called '${schemasName}': the schema registry's database has that name`)
  const twice = services.find((service, index) => services.indexOf(service) !== index)
  if (twice !== undefined) throw invalid(`service '${twice}' comes twice`)
}

function assertName(what: string, name: string): void {
  if (pattern.test(name)) return
  throw invalid(
    `'${name}' is no name for a ${what}: lower-case letters and digits, single - or _ between them, a letter first`,
  )
}

function invalid(message: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', message, { reason: 'DATABASE_NAME', hint: 'Choose another name.' })
}
