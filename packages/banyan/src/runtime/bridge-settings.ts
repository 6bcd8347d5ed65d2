/** Settings of bridges: read when they are needed, complained about by name, and never shown. */
import { BanyanError } from '../core/error.ts'
import type { Bridge, BridgeSettings } from './bridge.ts'

/** What was read, and what is missing, a line each. Lines never hold a value. */
export interface ReadSettings {
  readonly settings: BridgeSettings
  readonly faults: readonly string[]
}

/** Asks for every setting of a bridge. */
export function readSettings({ settings }: Pick<Bridge, 'settings'>): ReadSettings {
  const found: Record<string, string> = {}
  const faults: string[] = []
  for (const [name, read] of Object.entries(settings)) {
    const value = attempt(read)
    if (typeof value === 'string' && value !== '') found[name] = value
    else if (value instanceof Error) faults.push(`the setting '${name}' cannot be read: ${value.message}`)
    else faults.push(`the setting '${name}' is missing${placeOf(read)}`)
  }
  return { settings: found, faults }
}

/** The settings of a bridge that is about to be opened. They were there when the host started; they may be gone since. */
export function assertSettings(bridge: Bridge): BridgeSettings {
  const { settings, faults } = readSettings(bridge)
  if (faults.length > 0)
    throw new BanyanError('FAILED_PRECONDITION', faults.join('; '), { reason: 'BRIDGE_SETTINGS', retryable: true })
  return settings
}

function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Where it was looked for, when the function is plain enough to tell. */
function placeOf(read: () => unknown): string {
  const named = /\benv(?:\.(\w+)|\[\s*['"](\w+)['"]\s*\])/.exec(read.toString())
  return named === null ? '' : ` (environment variable ${named[1] ?? named[2]})`
}
