/** Opens the databases of a host's services, all at once; says everything that is wrong in one message. */
import { BanyanError } from '../core/error.ts'
import type { Store } from '../store/store.ts'
import type { HostOptions } from './host-options.ts'
import type { ServiceShape } from './shapes.ts'

/** What could be opened, by service, and why the rest could not. What is open has to be closed, also when there is an error. */
export interface OpenedStores {
  readonly stores: ReadonlyMap<string, Store>
  readonly error: BanyanError | undefined
}

export async function openStores(
  definitions: readonly ServiceShape[],
  openStore: HostOptions['openStore'],
): Promise<OpenedStores> {
  const stores = new Map<string, Store>()
  const faults: { readonly name: string; readonly error: Error }[] = []
  await Promise.all(
    definitions.map(async ({ contract: { name }, database }) => {
      if (database === undefined) return
      try {
        stores.set(name, await openStore(name, database))
      } catch (error) {
        faults.push({ name, error: error as Error })
      }
    }),
  )
  return { stores, error: faults.length === 0 ? undefined : cannotOpen(faults) }
}

function cannotOpen(faults: readonly { readonly name: string; readonly error: Error }[]): BanyanError {
  const lines = faults.map(({ name, error }) => `  - ${name}: ${error.message}`)
  return new BanyanError('UNAVAILABLE', `cannot open the databases of this host:\n${lines.join('\n')}`, {
    reason: 'CANNOT_OPEN_STORES',
    cause: new AggregateError(faults.map(({ error }) => error)),
  })
}
