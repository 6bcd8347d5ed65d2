/**
 * What the system was when it last ran here. Hosts are started by it at once, which saves asking first; what they find is
 * compared, so that it is a guess and never a mistake.
 */
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { planTopology, type Split } from 'banyan/control'
import type { SystemDescription } from '../host/description.ts'

interface Known {
  readonly module: string
  readonly system: SystemDescription
}

const nameOf = (dataDir: string): string => join(dataDir, 'system.json')

/** Undefined when nothing is known, or of another project, or when it cannot be split as wanted: then who asks is told why. */
export function readKnownSystem(dataDir: string, module: string, split: Split): SystemDescription | undefined {
  try {
    const known = JSON.parse(readFileSync(nameOf(dataDir), 'utf8')) as Known
    const names = known.system.services.map(({ name }) => String(name))
    planTopology(names, split)
    return known.module === module && typeof known.system.name === 'string' ? known.system : undefined
  } catch {
    return undefined
  }
}

/** Notes it for the next time; a guess that cannot be noted is no harm. */
export async function noteKnownSystem(dataDir: string, module: string, system: SystemDescription): Promise<void> {
  const draft = `${nameOf(dataDir)}.${process.pid}`
  try {
    await writeFile(draft, JSON.stringify({ module, system } satisfies Known), { mode: 0o600 })
    await rename(draft, nameOf(dataDir))
  } catch {
    // The next start asks first.
  }
}
