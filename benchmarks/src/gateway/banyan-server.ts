/** The shop's own system, its catalog, behind our gateway. Argument: the URL of the catalog's database. */

import system from '@banyan/shop/system'
import { createHost } from 'banyan'
import { realEnvironment } from 'banyan/core'
import { createGateway } from 'banyan/gateway'
import { silentLog } from 'banyan/telemetry'
import { answerParent } from '../measure/peer.ts'
import { openCatalogStore } from './catalog-store.ts'

const [url = ''] = process.argv.slice(2)
const environment = realEnvironment()
const host = createHost({
  system,
  services: ['catalog'],
  environment,
  log: silentLog,
  openStore: (_service, { migrations }) => openCatalogStore(url, migrations as URL),
})
await host.start()
const gateway = createGateway({
  environment,
  contracts: host.contracts,
  invoke: (operation, input, options) => host.invoke(operation, input, options),
  info: { name: system.name },
  ready: () => host.readiness(),
})
const server = await gateway.listen({ host: '127.0.0.1', port: 0 })

answerParent({ port: () => server.port }, async () => {
  await server.close(500)
  await host.stop({ drainMs: 500 })
})
