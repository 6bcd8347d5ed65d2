/**
 * The schema registry of a running system, in a database of its own beside the log's. Hosts ask it at their start, people and
 * clients of Confluent's registry whenever they like. Its code is loaded while the databases are being made.
 */
import type { Provisioned } from '@banyan/postgres'
import { BanyanError, type Environment, type HttpServer } from 'banyan/core'
import { portInUse } from '../process/ports.ts'
import { schemaPortSetting } from './placing.ts'
import { createRegistryLog } from './registry-log.ts'

/** Where the registry is, and what whoever changes it must know. */
export interface SchemaPlace {
  readonly origin: string
  readonly token: string
}

/** What {@link SystemSchemas} is made of. */
export interface SystemSchemasOptions {
  readonly environment: Environment
  /** 0 takes a free one. */
  readonly port: number
  readonly token: string
}

interface Opened {
  readonly url: string
  readonly place: SchemaPlace
  close(): Promise<void>
}

const host = '127.0.0.1'
/** Hosts ask at their start, all at once; then hardly anybody does. */
const connections = 4
const idleMs = 5_000
const closeMs = 500

/** See the top of the file. */
export class SystemSchemas {
  readonly #options: SystemSchemasOptions
  #opening: Promise<Opened | undefined> = Promise.resolve(undefined)
  #opened: Opened | undefined

  constructor(options: SystemSchemasOptions) {
    this.#options = options
  }

  /** Undefined until it is open. */
  get origin(): string | undefined {
    return this.#opened?.place.origin
  }

  /** Opens it on the database that is made for it; anew when a system of another name has another one. */
  async open(provisioned: Promise<Provisioned>, system: string): Promise<SchemaPlace> {
    const before = this.#opening.catch(() => undefined)
    const loading = import('@banyan/schema-registry')
    loading.catch(() => undefined)
    const opening = (async () => {
      const { schemas: url = '', bus } = await provisioned
      const known = await before
      if (known?.url === url) return known
      await this.#close(known)
      this.#opened = await open({ url, bus, system }, this.#options, await loading)
      return this.#opened
    })()
    opening.catch(() => undefined)
    this.#opening = opening
    return (await opening).place
  }

  async close(): Promise<void> {
    await this.#close(await this.#opening.catch(() => undefined))
  }

  async #close(opened: Opened | undefined): Promise<void> {
    if (this.#opened === opened) this.#opened = undefined
    await opened?.close()
  }
}

async function open(
  { url, bus, system }: { readonly url: string; readonly bus: string; readonly system: string },
  { environment, port, token }: SystemSchemasOptions,
  { createRegistry, openPostgresStorage, openRegistryServer }: typeof import('@banyan/schema-registry'),
): Promise<Opened> {
  const { createPostgresStore } = await import('@banyan/postgres')
  const store = await createPostgresStore({
    url,
    service: 'schemas',
    maxConnections: connections,
    idleTimeoutMs: idleMs,
  })
  const log = createRegistryLog({ bus, system })
  let server: HttpServer
  try {
    const registry = createRegistry({ storage: await openPostgresStorage(store), retained: log.retained })
    server = await openRegistryServer({ environment, registry, token, host, port })
  } catch (error) {
    await store.close(closeMs)
    if (!(error instanceof BanyanError) || error.reason !== 'PORT_IN_USE') throw error
    throw portInUse({ port, owner: 'the schema registry', setting: schemaPortSetting })
  }
  return {
    url,
    place: { origin: `http://${host}:${server.port}`, token },
    async close() {
      await server.close(closeMs)
      await log.close()
      await store.close(closeMs)
    },
  }
}
