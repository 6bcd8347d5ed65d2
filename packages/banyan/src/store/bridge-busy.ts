/** The bound of requests, as an error. */
import { BanyanError } from '../core/error.ts'
import { maxOpenRequests } from './bridges.ts'

/** For implementations of the port. */
export function bridgeBusy(bridge: string): BanyanError {
  const message = `${maxOpenRequests} requests (maxOpenRequests) wait for the bridge '${bridge}' already`
  return new BanyanError('RESOURCE_EXHAUSTED', message, {
    reason: 'BRIDGE_BUSY',
    hint: 'No host works this bridge, or none can. See banyan bridges list.',
  })
}
