/** The saga desk of a project, with its code, for as long as a command takes. */
import type { SagasApi } from 'banyan/control'
import { realEnvironment } from 'banyan/core'
import type { Store } from 'banyan/store'
import { withServiceDatabases } from '../parent/service-databases.ts'
import { hasSagas } from '../sagas/has-sagas.ts'
import { loadSagaCodes } from '../sagas/saga-codes.ts'
import { createSagaDesk } from '../sagas/saga-desk.ts'
import { loadProject } from '../settings/project.ts'
import { loadSystem } from '../settings/system-module.ts'

/** Opens the databases, hands the desk over, closes everything again. */
export async function withSagaDesk<Result>(
  project: string,
  use: (desk: SagasApi) => Promise<Result>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Result> {
  const options = { project, env, cwd: process.cwd() }
  return withServiceDatabases(options, async (databases) => {
    const codes = await loadSagaCodes(await loadSystem((await loadProject(project)).systemPath))
    const stores = new Map<string, Store>()
    for (const { service, store } of databases) if (await hasSagas(store)) stores.set(service, store)
    const held = setInterval(() => undefined, keepAliveMs)
    try {
      return await use(createSagaDesk({ environment: realEnvironment(), stores, codes }))
    } finally {
      clearInterval(held)
    }
  })
}

/** Timers of the environment do not keep a process alive, and a replay has nothing else that would. */
const keepAliveMs = 60_000
