/**
 * The log, as the schema registry asks it: which versions do events that still lie there have? Opened when somebody first asks,
 * which only transitive modes do. When the log does not answer, every version is taken to be there.
 */
import { type Bus, retainedSchemas } from 'banyan/bus'
import type { Retained } from 'banyan/control'

/** The question, and the end of it. */
export interface RegistryLog {
  readonly retained: Retained
  close(): Promise<void>
}

/** A log that is not on Postgres does not know what it keeps, so nobody has to be asked. */
export function createRegistryLog(url: string): RegistryLog {
  let opening: Promise<Bus> | undefined

  async function open(): Promise<Bus> {
    const { createPostgresBus } = await import('@banyan/postgres')
    return createPostgresBus({ url, maxConnections: 1 })
  }
  return {
    async retained(subject) {
      if (!/^postgres(ql)?:/.test(url)) return undefined
      try {
        opening ??= open()
        return await retainedSchemas(await opening)(subject)
      } catch {
        return undefined
      }
    },
    async close() {
      await (await opening?.catch(() => undefined))?.close()
    },
  }
}
