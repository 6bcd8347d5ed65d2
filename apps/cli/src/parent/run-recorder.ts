/** Keeps `run.json` as it is: written again whenever a child was started. */
import { identifyProcess } from '../process/identity.ts'
import { type RecordedChild, writeRunRecord } from '../process/run-record.ts'
import type { SystemDatabase } from './database.ts'
import type { ExtraChild } from './extra-child.ts'
import type { HostChild } from './host-child.ts'

/** Who runs. */
export interface Running {
  readonly hosts: readonly HostChild[]
  readonly extras: readonly ExtraChild[]
  readonly database: SystemDatabase | undefined
  /** Where the schema registry is. */
  readonly schemas: string | undefined
}

/** Creates the function that looks and writes. */
export function createRunRecorder(
  dataDir: string,
  urls: { readonly gateway: string; readonly control: string },
): (running: Running) => void {
  const parent = identifyProcess(process.pid)
  let written = ''
  return ({ hosts, extras, database, schemas }) => {
    const databaseUrl = database?.mode === 'embedded' ? database.url : undefined
    const children = [
      ...hosts.map(({ plan, child }) => ({ name: plan.name, kind: 'host' as const, child })),
      ...extras.map(({ spec, child }) => ({ name: spec.name, kind: 'process' as const, child })),
    ].flatMap(({ name, kind, child }): RecordedChild[] => (child?.identity ? [{ name, kind, ...child.identity }] : []))
    const text = JSON.stringify([children, databaseUrl, schemas])
    if (text === written || parent === undefined) return
    written = text
    writeRunRecord(dataDir, { parent, ...urls, databaseUrl, schemas, children })
  }
}
