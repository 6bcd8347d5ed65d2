/** The same call between two processes, against node:http and undici with nothing around them. Law: at least 0.9 of their rate. */
import { type Load, warmUp } from '../measure/closed-loop.ts'
import { type LoadSample, toLoadTable } from '../measure/load-table.ts'
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import { concatRounds, interleave, type Rounds, ratio } from '../measure/rounds.ts'
import type { Effort, Section, Verdict } from '../measure/section.ts'

const ours = 'Banyan, ctx.call over HTTP'
const bare = 'node:http + undici request'
const barest = 'node:http + undici dispatch'
const names = [ours, bare, barest]
const workerCounts = [1, 64]

const method = `
Two processes on one machine, HTTP/1.1 with kept connections, at most 64 of them, no pipelining; JSON both ways, the payloads of the
benchmark in process. A closed loop of 1 and of 64 workers; every answer's id is checked. CPU from the scheduler's count over all
threads of each process.

Equal: payloads, handler, connections, loop. Not equal: Banyan validates both ways on both sides, carries deadline, trace, caller
and token, knows the caller by it (a digest once a connection, a comparison after that), and can be cancelled; the bare pair
does none of it.`

interface Pair {
  readonly server: Peer
  readonly client: Peer
}

async function startPair(name: string): Promise<Pair> {
  const module = (file: string): URL => new URL(`./${file}.ts`, import.meta.url)
  const server = await startPeer(module(name === ours ? 'banyan-host' : 'bare-server'), { args: ['server'] })
  const address = await server.ask<string>('address')
  const args = [address, name === barest ? 'dispatch' : 'request']
  return { server, client: await startPeer(module(name === ours ? 'banyan-host' : 'bare-client'), { args }) }
}

async function measure({ server, client }: Pair, workers: number, ms: number): Promise<LoadSample> {
  const ofServer = new CpuMeter(() => [server.pid])
  const ofClient = new CpuMeter(() => [client.pid])
  ofServer.start()
  ofClient.start()
  const load = await client.ask<Load>('load', { workers, ms })
  const perCall = (meter: CpuMeter): number => meter.total() / 1_000 / load.calls
  return { ...load, serverUs: perCall(ofServer), clientUs: perCall(ofClient) }
}

async function measureGeneration(effort: Effort): Promise<readonly Rounds<LoadSample>[]> {
  const pairs = new Map<string, Pair>()
  try {
    for (const name of names) pairs.set(name, await startPair(name))
    const run = (name: string, workers: number, ms: number): Promise<LoadSample> =>
      measure(pairs.get(name) as Pair, workers, ms)
    for (const name of names) await warmUp(effort.warmUpCalls, (ms) => run(name, 64, ms))
    const results: Rounds<LoadSample>[] = []
    for (const workers of workerCounts)
      results.push(await interleave(names, effort.rounds, (name) => run(name, workers, effort.measureMs * 2)))
    return results
  } finally {
    await Promise.all([...pairs.values()].flatMap(({ server, client }) => [client.stop(), server.stop()]))
  }
}

/** See the top of the file. */
export async function benchmark(effort: Effort, say: (line: string) => void): Promise<Section> {
  const generations: (readonly Rounds<LoadSample>[])[] = []
  for (let generation = 0; generation < effort.generations; generation++) {
    say(`generation ${generation + 1} of ${effort.generations}`)
    generations.push(await measureGeneration(effort))
  }
  const tables: string[] = []
  const verdicts: Verdict[] = []
  for (const [index, workers] of workerCounts.entries()) {
    const rounds = concatRounds(generations.map((results) => results[index] as Rounds<LoadSample>))
    tables.push(toLoadTable(`${workers} at a time`, rounds, bare))
    const rate = ratio(rounds, ours, bare, ({ perSecond }) => perSecond)
    const cpu = 1 / ratio(rounds, ours, bare, ({ serverUs, clientUs }) => serverUs + clientUs)
    verdicts.push({ claim: `${workers} at a time: calls per second, of the bare pair's`, measured: rate, atLeast: 0.9 })
    verdicts.push({
      claim: `${workers} at a time: calls per CPU second, of the bare pair's`,
      measured: cpu,
      atLeast: 0.9,
    })
  }
  return { title: 'A call between two processes over HTTP', method, tables, verdicts }
}
