/** The gate that a host passes at its start: the registry it was told of, asked for as long as the start takes. */
import { join } from 'node:path'
import { type Bus, retainedSchemas } from 'banyan/bus'
import { createHttpAuthority, createSchemaGate } from 'banyan/control'
import type { Environment } from 'banyan/core'
import type { SchemaGate } from 'banyan/runtime'
import type { Log } from 'banyan/telemetry'
import type { HostConfiguration } from './messages.ts'

/** Where a host remembers which of its schemas were accepted. */
export function schemaCacheFile(dataDir: string, host: string): string {
  return join(dataDir, `schemas-${host.replaceAll(/[^\w.+-]/g, '_')}.json`)
}

/** Whether a name in the data directory is that of such a file. */
export function isSchemaCache(name: string): boolean {
  return name.startsWith('schemas-') && name.endsWith('.json')
}

/** The gate, which asks the log what it still has; none when there is no registry. */
export function openSchemaGate(
  { schemas }: Pick<HostConfiguration, 'schemas'>,
  environment: Environment,
  log: Log,
  bus?: Bus,
): SchemaGate | undefined {
  if (schemas === undefined) return undefined
  const { origin, token, cacheFile } = schemas
  const retained = bus && retainedSchemas(bus)
  return {
    async admit(contracts) {
      const authority = createHttpAuthority({ environment, origin, ...(token !== undefined && { token }) })
      try {
        await createSchemaGate({ authority, environment, cacheFile, log, ...(retained && { retained }) }).admit(
          contracts,
        )
      } finally {
        await authority.close()
      }
    },
  }
}
