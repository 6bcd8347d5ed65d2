/** One host process of the rig: it does to itself what it was armed with, and never outlives the rig. */
import { flushCompileCache } from 'node:module'
import type { Host } from 'banyan'
import { createStaticResolver } from 'banyan/discovery'
import { openHost } from './open-host.ts'
import { type Fault, Points } from './points.ts'
import type { FromHost, HostGiven, ToHost } from './words.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as HostGiven
const skew = { ms: 0 }
const resolver = createStaticResolver()
let goOn: (() => void) | undefined

const points = new Points(({ blow, skewMs = 0 }: Fault): Promise<void> | undefined => {
  if (blow === 'kill') process.kill(process.pid, 'SIGKILL')
  if (blow === 'stop') process.kill(process.pid, 'SIGSTOP')
  if (blow === 'skew') skew.ms = skewMs
  if (blow !== 'pause') return undefined
  return new Promise((resolve) => {
    goOn = resolve
  })
})

function say(message: FromHost): void {
  if (process.connected) process.send?.(message, () => undefined)
}

/** The calendar is right again. */
function arm(fault: Fault | undefined): void {
  skew.ms = 0
  points.arm(fault)
}

async function obey(host: Host, message: ToHost): Promise<unknown> {
  if (message.say === 'addresses') resolver.set(message.addresses)
  else if (message.say === 'go on') goOn?.()
  else if (message.say === 'arm') arm(message.fault)
  else if (message.say === 'disarm') points.disarm()
  else if (message.say === 'points') return points.noted
  else return invoke(host, message)
  return undefined
}

function invoke(host: Host, { operation, input, key }: ToHost & { readonly say: 'invoke' }): Promise<unknown> {
  const [service, name = ''] = operation.split('.')
  const contract = host.contracts.find((one) => one.name === service)
  const operations = contract?.operations as Readonly<Record<string, unknown>> | undefined
  const options = { caller: 'rig', idempotencyKey: key, timeoutMs: 4_000 }
  return host.invoke(operations?.[name] as never, input as never, options)
}

process.on('disconnect', () => process.exit(0))
const { host, openEdge } = await openHost({ given, points, skew, resolver })
process.on('message', (message: ToHost) => {
  const answer = obey(host, message)
  if (!('id' in message)) return
  const { id } = message
  answer.then(
    (ok) => say({ say: 'answer', id, ok }),
    (error: Error) => say({ say: 'answer', id, error: error.message }),
  )
})
await host.start()
// At exit it would be too late: such processes are killed.
flushCompileCache()
say({ say: 'ready', address: host.address ?? '', gateway: given.gateway ? await openEdge() : undefined })
