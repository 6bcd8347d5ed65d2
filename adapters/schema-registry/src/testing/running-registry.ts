/** A registry in memory behind its HTTP port, for tests. */
import { realEnvironment } from 'banyan/core'
import { openRegistryServer } from '../http/server.ts'
import { createRegistry } from '../registry.ts'
import type { Registry } from '../registry-types.ts'
import { createMemoryStorage } from '../storage/memory-storage.ts'

/** See the top of the file. */
export interface RunningRegistry {
  readonly registry: Registry
  readonly origin: string
  /** Asks with the token unless told otherwise. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: unknown }>
  close(): Promise<void>
}

export const token = 'secret'

/** Starts one. */
export async function startRegistry(): Promise<RunningRegistry> {
  const environment = realEnvironment()
  const registry = createRegistry({ storage: createMemoryStorage() })
  const server = await openRegistryServer({ environment, registry, token, port: 0 })
  const origin = `http://127.0.0.1:${server.port}`
  return {
    registry,
    origin,
    async ask(method, path, body, headers = {}) {
      const given = {
        'content-type': 'application/vnd.schemaregistry.v1+json',
        authorization: `Bearer ${token}`,
        ...headers,
      }
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      const answer = await fetch(`${origin}${path}`, {
        method,
        headers: given,
        ...(text !== undefined && { body: text }),
      })
      return { status: answer.status, body: await answer.json() }
    },
    close: () => server.close(500),
  }
}
