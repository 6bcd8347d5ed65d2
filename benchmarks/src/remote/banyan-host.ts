/** A host of ours for one side of the remote benchmark. Argument: 'server', or the address of the server's host. */
import { createHost, defineService, defineSystem, service } from 'banyan'
import { realEnvironment } from 'banyan/core'
import { createStaticResolver } from 'banyan/discovery'
import { silentLog } from 'banyan/telemetry'
import { createHttpTransport, createTokens } from 'banyan/transport'
import { answer, inputs } from '../in-process/payloads.ts'
import { closedLoop } from '../measure/closed-loop.ts'
import { answerParent } from '../measure/peer.ts'
import { Bench, Caller, tokens } from './contracts.ts'

const bench = defineService(Bench, { operations: { place: answer } })
const caller = defineService(Caller, {
  calls: [Bench],
  operations: {
    load: ({ workers, ms }, ctx) =>
      closedLoop(workers, ms, async (index) => {
        const given = inputs[index & 63] as (typeof inputs)[number]
        const { id } = await ctx.call(Bench.operations.place, { ...given, lines: [...given.lines] })
        if (!id.endsWith(String(10_000 + (index & 63)))) throw new Error('a wrong answer')
      }),
  },
})

const [role = 'server'] = process.argv.slice(2)
const environment = realEnvironment()
const serves = role === 'server'
const host = createHost({
  system: defineSystem({
    name: 'bench',
    services: [service(Bench, async () => ({ bench })), service(Caller, async () => ({ caller }))],
  }),
  services: [serves ? 'bench' : 'caller'],
  environment,
  openStore: () => Promise.reject(new Error('no service here has a database')),
  log: silentLog,
  sampleRatio: 0,
  network: {
    transport: createHttpTransport({ network: environment.network }),
    ...(serves && { listen: { host: '127.0.0.1', port: 0 } }),
    resolver: createStaticResolver(serves ? {} : { bench: [role] }),
    tokens: createTokens(tokens),
  },
})
await host.start()

answerParent(
  {
    address: () => host.address,
    load: (given: { workers: number; ms: number }) => host.invoke(Caller.operations.load, given, { caller: 'bench' }),
  },
  () => host.stop({ drainMs: 500 }),
)
