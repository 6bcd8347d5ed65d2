/**
 * The chaos rig of sagas: every point at which an effect goes through a port, before and after it, one fault, and the saga must come
 * to a legal end with balanced books. `npm run chaos:sagas -- --help`; docs/guide/saga-chaos.md says what it proves.
 */
import { toRigOptions, usage } from './options.ts'
import { isFlawless, runRig, toSummaryLine } from './run.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<number> {
  const options = toRigOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(usage)
    return 0
  }
  const summary = await runRig(options, print)
  print(toSummaryLine(summary))
  return options.list || isFlawless(summary) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 2
}
