/** A call inside one process, against what others give for it. Law: at most Moleculer's default, 0.4 of its full set, an eighth of tRPC's. */
import { type Peer, startPeer } from '../measure/peer.ts'
import { concatRounds, interleave, type Rounds, ratio } from '../measure/rounds.ts'
import type { Effort, Section, Verdict } from '../measure/section.ts'
import { toSpread } from '../measure/statistics.ts'
import { toTable, toText } from '../measure/table.ts'
import type { Sample } from './loop.ts'

type Mode = 'hot' | 'ring'

interface Variant {
  readonly module: string
  readonly args: readonly string[]
}

const ours = 'Banyan, ctx.call'
const usual = 'Moleculer, broker.call'
const full = 'Moleculer, broker.call, breaker + bulkhead + timeout'
const trpc = 'tRPC createCaller, Zod in and out'

const variants: Readonly<Record<string, Variant>> = {
  'plain async function': { module: 'plain', args: [] },
  [ours]: { module: 'banyan', args: ['0'] },
  'Banyan, ctx.call, every call sampled': { module: 'banyan', args: ['1'] },
  'Banyan, host.invoke, 1 % sampled': { module: 'banyan', args: ['0.01', 'invoke'] },
  [usual]: { module: 'moleculer', args: ['default', 'broker'] },
  'Moleculer, ctx.call': { module: 'moleculer', args: ['default', 'context'] },
  [full]: { module: 'moleculer', args: ['full', 'broker'] },
  [trpc]: { module: 'trpc', args: [] },
}
const names = Object.keys(variants)

const method = `
One call after the other, each awaited, its answer used. Every variant runs in a process of its own, all of them at once and measured
in turns; several generations of processes. CPU is that of the thread that runs the program (\`process.threadCpuUsage\`); "all
threads" adds the collector and the compiler. Ratios are medians of ratios within a round.

Equal: payloads (an order of three lines in, an accepted order out), the handler, the loop. Not equal: Banyan validates and copies
both ways, has a deadline and a cancellable context, and strips what the contract does not know; Moleculer validates the input only, and hands the
caller's own objects over; tRPC validates both ways and copies, has no deadline. "Sixty" calls sixty operations in turn, so that no call
site sees one target only.`

async function measureGeneration(mode: Mode, effort: Effort): Promise<Rounds<Sample>> {
  const peers = new Map<string, Peer>()
  try {
    for (const [name, { module, args }] of Object.entries(variants))
      peers.set(name, await startPeer(new URL(`./${module}.ts`, import.meta.url), { args: [mode, ...args] }))
    const measure = (name: string, ms: number): Promise<Sample> => (peers.get(name) as Peer).ask('measure', ms)
    for (const name of names) await measure(name, effort.warmUpMs)
    return await interleave(names, effort.rounds, (name) => measure(name, effort.measureMs))
  } finally {
    await Promise.all([...peers.values()].map((peer) => peer.stop()))
  }
}

function toRows(rounds: Rounds<Sample>): readonly (readonly string[])[] {
  return names.map((name) => {
    const samples = rounds.get(name) ?? []
    const thread = toSpread(samples.map(({ threadNs }) => threadNs))
    const all = toSpread(samples.map(({ processNs }) => processNs))
    return [
      name,
      toText(thread.median),
      `${toText(thread.min)} – ${toText(thread.max)}`,
      toText(all.median),
      toText(ratio(rounds, name, usual, ({ threadNs }) => threadNs)),
      toText(ratio(rounds, name, usual, ({ processNs }) => processNs)),
    ]
  })
}

function judge(rounds: Rounds<Sample>, what: string): readonly Verdict[] {
  const cpu = ({ threadNs }: Sample): number => threadNs
  return [
    { claim: `${what}: of Moleculer's default`, measured: ratio(rounds, ours, usual, cpu), atMost: 1 },
    { claim: `${what}: of Moleculer's full set`, measured: ratio(rounds, ours, full, cpu), atMost: 0.4 },
    { claim: `${what}: tRPC's, times ours`, measured: ratio(rounds, trpc, ours, cpu), atLeast: 8 },
  ]
}

/** See the top of the file. */
export async function benchmark(effort: Effort, say: (line: string) => void): Promise<Section> {
  const tables: string[] = []
  const verdicts: Verdict[] = []
  for (const [mode, what] of [
    ['hot', 'one operation'],
    ['ring', 'sixty operations'],
  ] as const) {
    const generations: Rounds<Sample>[] = []
    for (let generation = 0; generation < effort.generations; generation++) {
      say(`${what}: generation ${generation + 1} of ${effort.generations}`)
      generations.push(await measureGeneration(mode, effort))
    }
    const rounds = concatRounds(generations)
    const head = [what, 'CPU ns/call', 'lowest – highest', 'all threads', '× Moleculer', '× all threads']
    tables.push(toTable(head, toRows(rounds)))
    verdicts.push(...judge(rounds, what))
  }
  return { title: 'A call inside one process', method, tables, verdicts }
}
