/** The commands about bridges, with their flags and help. */
import type { Command } from 'commander'

type Finish = (code: number) => void

const project = ['--project <dir>', 'folder of the system and its banyan.json', '.'] as const
const json = ['--json', 'print JSON'] as const

/** Adds `bridges` and what is below it. */
export function addBridges(program: Command, finish: Finish): void {
  const bridges = program
    .command('bridges')
    .description('bridges to foreign systems: how they do, and what is asked of them')
  const load = () => import('./commands/bridges.ts')
  const ask = (action: string, text: string): Command =>
    bridges
      .command(action)
      .description(text)
      .argument('<service>')
      .argument('<bridge>')
      .option(...project)
      .option(...json)
      .action(async (service, bridge, flags) => finish(await (await load()).bridgesAsk(service, bridge, action, flags)))
  bridges
    .command('list')
    .description('list bridges with state, lag and last error')
    .option(...project)
    .option(...json)
    .action(async (flags) => finish(await (await load()).bridgesList(flags)))
  bridges
    .command('parked')
    .description('list what a bridge could not read; with --json whole')
    .argument('<service>')
    .argument('<bridge>')
    .option('--limit <count>', 'at most so many', '50')
    .option(...project)
    .option(...json)
    .action(async (service, bridge, flags) => finish(await (await load()).bridgesParked(service, bridge, flags)))
  ask('resnapshot', 'take all rows of the source again (change data capture)')
  addSelection(ask('replay', 'try what is parked again (RabbitMQ)'))
  addSelection(
    ask('skip', 'give up the change at which it has stopped (change data capture), or what is parked (RabbitMQ)'),
  ).requiredOption('--why <reason>', 'kept with it')
}

function addSelection(command: Command): Command {
  return command
    .option('--event <id>', 'of what is parked, this')
    .option('--fingerprint <text>', 'of what is parked, all that failed alike')
    .option('--all', 'all that is parked')
}
