/** What a host knows of messages in the log of one of its services that no relay wrote: whether they are events of its contract. */
import type { LoggedEvent } from '../bus/bus.ts'
import type { KeptSource } from '../bus/log-keeper.ts'
import type { Store } from '../store/store.ts'
import { compileOpening } from './delivery.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import { typesOf } from './subscriptions.ts'

type Check = (event: LoggedEvent) => void

export function createForeignWatch(service: ServiceRuntime, { inbox }: Store): NonNullable<KeptSource['foreign']> {
  // Compiled with the first message that is asked about: in most systems there is none.
  let checks: ReadonlyMap<string, Check> | undefined

  function refusal(event: LoggedEvent): string | undefined {
    checks ??= compileChecks(service)
    const check = checks.get(event.type)
    if (check === undefined) return `UNKNOWN_TYPE: the contract of '${service.name}' has no event '${event.type}'`
    try {
      check(event)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  return { inbox, refusal, holder: `${service.environment.random.uuidv7()}#log` }
}

/** By type, older versions that can be brought up to date included. */
function compileChecks({ definition }: ServiceRuntime): ReadonlyMap<string, Check> {
  return new Map(
    Object.values(definition.contract.events).flatMap((event) => {
      const open = compileOpening(event)
      return typesOf(event).map((type) => [type, (logged: LoggedEvent) => void open(logged, 1)] as const)
    }),
  )
}
