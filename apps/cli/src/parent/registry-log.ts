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

/** Makes it; nothing is opened yet. */
export function createRegistryLog(place: { readonly bus: string; readonly system: string }): RegistryLog {
  let opening: Promise<Bus> | undefined

  async function open(): Promise<Bus> {
    const { openLog } = await import('../events/open-log.ts')
    try {
      return await openLog(place)
    } catch (error) {
      // Tried anew by the next one who asks.
      opening = undefined
      throw error
    }
  }
  return {
    async retained(subject) {
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
