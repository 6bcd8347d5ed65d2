/**
 * `npm start`: the shop by the command line of Banyan, which gets all flags but one. `--checkout orchestrated|choreographed` says how
 * orders are brought to their end (flow.ts); the hosts are told by the environment.
 */
import { fileURLToPath } from 'node:url'
import { flowVariable, toFlow } from './flow.ts'

/** Takes the flag out of the arguments. */
export function takeCheckout(args: readonly string[]): {
  readonly rest: string[]
  readonly checkout: string | undefined
} {
  const rest: string[] = []
  let checkout: string | undefined
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string
    if (arg === '--checkout') checkout = args[++index] ?? ''
    else if (arg.startsWith('--checkout=')) checkout = arg.slice('--checkout='.length)
    else rest.push(arg)
  }
  return { rest, checkout }
}

async function start(args: readonly string[]): Promise<void> {
  const { rest, checkout } = takeCheckout(args)
  try {
    if (checkout === '') throw new Error('--checkout needs a value: orchestrated or choreographed')
    process.env[flowVariable] = toFlow(checkout ?? process.env[flowVariable])
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(2)
  }
  const shop = fileURLToPath(new URL('.', import.meta.url))
  const cli = new URL('../../apps/cli/src/main.ts', import.meta.url)
  process.argv.splice(1, process.argv.length, fileURLToPath(cli), 'dev', '--no-watch', '--project', shop, ...rest)
  await import(cli.href)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await start(process.argv.slice(2))
