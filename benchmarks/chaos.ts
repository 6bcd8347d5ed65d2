// The chaos rig of the event path: producers and consumers as processes, faults by a seeded plan, and a ledger that says what
// was lost, doubled, inverted or left lying. `npm run chaos:events -- --help`; docs/guide/event-guarantees.md says what it proves.
import { isFlawless, toVerdictLine } from 'banyan/testing'
import { toChaosOptions, usage } from './src/chaos/options.ts'
import { runChaos } from './src/chaos/run.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<number> {
  const options = toChaosOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(usage)
    return 0
  }
  const { seed, seconds, bus, naive } = options
  print(`chaos: ${seconds} s over ${bus}, seed ${seed}${naive === undefined ? '' : `, naive ${naive}`}`)
  const { verdict, faultyAudits } = await runChaos(options, print)
  for (const example of verdict.examples) print(example)
  print(`committed ${verdict.committed}, effects ${verdict.recorded}`)
  if (faultyAudits > 0) print(`${faultyAudits} audits of the log found a fault`)
  print(toVerdictLine(verdict))
  return isFlawless(verdict) && faultyAudits === 0 && verdict.committed > 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 2
}
