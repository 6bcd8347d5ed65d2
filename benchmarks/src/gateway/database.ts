/** A database of its own for one run: the embedded server in a folder that goes away, or the one `DATABASE_URL` names. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { filePasswords, provision } from '@banyan/postgres'

/** The catalog's database, and its end. */
export interface CatalogDatabase {
  readonly url: string
  stop(): Promise<void>
}

/** Starts and provisions it. */
export async function startCatalogDatabase(): Promise<CatalogDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-bench-'))
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') })
  const stop = async (): Promise<void> => {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const { services } = await provision({
      adminUrl: postgres.url,
      system: 'bench',
      services: ['catalog'],
      passwords: filePasswords(folder),
    })
    return { url: services['catalog'] as string, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
