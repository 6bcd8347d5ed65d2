// Benchmarks with the peers in the same run. See README.md for what each of them does.
//
//   npm run bench                             all of them
//   npm run bench -- in-process gateway       some of them
//   --rounds N         rounds per generation of processes (5)
//   --generations N    how often all processes are started afresh (3)
//   --quick            short: to see that it runs, not to believe it
//   --write            writes RESULTS.md, the parts that were run; the others stay as they are
import { parseArgs } from 'node:util'
import { toLoad, toMachine, toVersions } from './src/measure/machine.ts'
import type { Benchmark, Effort } from './src/measure/section.ts'
import { toMarkdown, writeResults } from './src/results.ts'

type Load = () => Promise<{ readonly benchmark: Benchmark }>

const benchmarks: Readonly<Record<string, Load>> = {
  'in-process': () => import('./src/in-process/benchmark.ts'),
  gateway: () => import('./src/gateway/benchmark.ts'),
  remote: () => import('./src/remote/benchmark.ts'),
  orders: () => import('./src/orders/benchmark.ts'),
  events: () => import('./src/events/benchmark.ts'),
  sagas: () => import('./src/sagas/benchmark.ts'),
  'sagas-sleeping': () => import('./src/sagas/sleeping.ts'),
}
const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      generations: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  })
  const names = positionals.length === 0 ? Object.keys(benchmarks) : positionals
  const unknown = names.find((name) => benchmarks[name] === undefined)
  if (unknown !== undefined) throw new Error(`no benchmark '${unknown}': ${Object.keys(benchmarks).join(', ')}`)
  const effort = toEffort(values.quick, values)
  say(`${toMachine()}; load ${toLoad()}\n${toVersions()}`)
  for (const name of names) {
    say(`\n== ${name}`)
    const { benchmark } = await (benchmarks[name] as Load)()
    const section = await benchmark(effort, say)
    process.stdout.write(`\n${toMarkdown(section)}\n`)
    if (values.write) writeResults(name, section)
  }
}

function toEffort(quick: boolean, asked: { readonly rounds?: string; readonly generations?: string }): Effort {
  const base = quick
    ? { rounds: 3, generations: 1, measureMs: 100, warmUpMs: 400, warmUpCalls: 2_000 }
    : { rounds: 5, generations: 3, measureMs: 400, warmUpMs: 1_500, warmUpCalls: 40_000 }
  const toCount = (name: keyof typeof asked): number => {
    const count = Number(asked[name] ?? base[name])
    if (!Number.isInteger(count) || count < 1 || count > 1_000)
      throw new Error(`--${name} takes a number from 1 to 1000`)
    return count
  }
  return { ...base, rounds: toCount('rounds'), generations: toCount('generations') }
}

try {
  await main()
} catch (error) {
  say(`bench: ${(error as Error).stack}`)
  process.exitCode = 1
}
