/** A query through the gateway, against Fastify doing the same SQL through the same store. Law: at least 0.9 of its rate. */
import { type Load, warmUp } from '../measure/closed-loop.ts'
import { type LoadSample, toLoadTable } from '../measure/load-table.ts'
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import { concatRounds, interleave, type Rounds, ratio } from '../measure/rounds.ts'
import type { Effort, Section, Verdict } from '../measure/section.ts'
import { startCatalogDatabase } from './database.ts'

const ours = 'Banyan gateway and runtime'
const bare = 'Fastify with schemas'
const modules: Readonly<Record<string, string>> = { [ours]: 'banyan-server', [bare]: 'fastify-server' }
const names = Object.keys(modules)
const connections = 32

const method = `
\`GET /products/{sku}\` of the shop: the products in turn, 32 kept connections, a closed loop from a process of its own that speaks plain
HTTP over sockets and checks the sku of every answer. One embedded PostgreSQL serves both.

Equal: the query (the same SQL), the store, its pool (8 connections, prepared statements), schemas for parameter and answer, the
load. Not equal: Banyan calls through its runtime (deadline, context, cancellation, isolation), gives request id, trace context, entity tag and
\`nosniff\`, refuses repeated headers and unknown parameters, and bounds the calls under way; Fastify's answer schema only serializes and
does not validate.`

interface Target {
  readonly server: Peer
  readonly port: number
}

async function readSkus({ port }: Target): Promise<readonly string[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/products?limit=20`)
  const { items } = (await answer.json()) as { items: readonly { sku: string }[] }
  return items.map(({ sku }) => sku)
}

async function measure({ server, port }: Target, load: Peer, skus: readonly string[], ms: number): Promise<LoadSample> {
  const ofServer = new CpuMeter(() => [server.pid])
  const ofClient = new CpuMeter(() => [load.pid])
  ofServer.start()
  ofClient.start()
  const made = await load.ask<Load>('load', { port, connections, ms, skus })
  const perCall = (meter: CpuMeter): number => meter.total() / 1_000 / made.calls
  return { ...made, serverUs: perCall(ofServer), clientUs: perCall(ofClient) }
}

async function measureGeneration(url: string, effort: Effort): Promise<Rounds<LoadSample>> {
  const targets = new Map<string, Target>()
  const load = await startPeer(new URL('./load.ts', import.meta.url))
  try {
    for (const name of names) {
      const server = await startPeer(new URL(`./${modules[name]}.ts`, import.meta.url), { args: [url] })
      targets.set(name, { server, port: await server.ask<number>('port') })
    }
    const skus = await readSkus(targets.get(ours) as Target)
    const run = (name: string, ms: number): Promise<LoadSample> => measure(targets.get(name) as Target, load, skus, ms)
    for (const name of names) await warmUp(effort.warmUpCalls, (ms) => run(name, ms))
    return await interleave(names, effort.rounds, (name) => run(name, effort.measureMs * 4))
  } finally {
    await Promise.all([load, ...[...targets.values()].map(({ server }) => server)].map((peer) => peer.stop()))
  }
}

/** See the top of the file. */
export async function benchmark(effort: Effort, say: (line: string) => void): Promise<Section> {
  const database = await startCatalogDatabase()
  const generations: Rounds<LoadSample>[] = []
  try {
    for (let generation = 0; generation < effort.generations; generation++) {
      say(`generation ${generation + 1} of ${effort.generations}`)
      generations.push(await measureGeneration(database.url, effort))
    }
  } finally {
    await database.stop()
  }
  const rounds = concatRounds(generations)
  const rate = ratio(rounds, ours, bare, ({ perSecond }) => perSecond)
  const cpu = 1 / ratio(rounds, ours, bare, ({ serverUs }) => serverUs)
  const verdicts: Verdict[] = [
    { claim: "requests per second, of Fastify's", measured: rate, atLeast: 0.9 },
    { claim: "requests per CPU second of the server, of Fastify's", measured: cpu, atLeast: 0.9 },
  ]
  const tables = [toLoadTable('32 connections', rounds, bare)]
  return { title: 'A query through the gateway', method, tables, verdicts }
}
