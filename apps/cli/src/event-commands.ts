/** The commands about events, with their flags and help. */
import type { Command } from 'commander'

type Finish = (code: number) => void

const project = ['--project <dir>', 'folder of the system and its banyan.json', '.'] as const
const json = ['--json', 'print JSON'] as const

/** Adds `events` and what is below it. */
export function addEvents(program: Command, finish: Finish): void {
  const events = program.command('events').description('the log, who lags behind it, and dead letters')
  const load = () => import('./commands/events.ts')
  events
    .command('tail')
    .description("show the end of a service's log")
    .argument('<source>', 'the producing service')
    .option(...project)
    .option('--after <offset>', 'begin after this offset instead')
    .option('--limit <count>', 'at most so many', '20')
    .option('--key <key>', 'only this key')
    .option('--type <type>', 'only this event type, like orders.placed.v1')
    .option('--follow', 'go on with what comes, a line each')
    .option(...json)
    .action(async (source, flags) => finish(await (await load()).eventsTail(source, flags)))
  events
    .command('lag')
    .description('list groups with how far they are behind, what they have parked, and what the log keeps for them')
    .option(...project)
    .option(...json)
    .action(async (flags) => finish(await (await load()).eventsLag(flags)))
  events
    .command('dead')
    .description('list events that failed too often and wait for a person, by failure')
    .option(...project)
    .option('--service <name>', 'only those of this consuming service')
    .option('--list', 'one by one')
    .option('--discarded', 'those that were given up: who, why, when')
    .option('--limit <count>', 'at most so many of each service', '100')
    .option(...json)
    .action(async (flags) => finish(await (await load()).eventsDead(flags)))
  addSelection(
    events.command('replay').description('give dead letters back to their consumer, in order, with what waits behind'),
  )
    .option('--per-second <rate>', 'events a second (100)')
    .action(async (flags) => finish(await (await load()).eventsReplay(flags)))
  addSelection(events.command('discard').description('give dead letters up; what waits behind them goes on'))
    .requiredOption('--why <reason>', 'kept with them')
    .action(async (flags) => finish(await (await load()).eventsDiscard(flags)))
  events
    .command('audit')
    .description('compare outboxes, log and marks: missing, double, out of order, passed over')
    .option(...project)
    .option(...json)
    .action(async (flags) => finish(await (await load()).eventsAudit(flags)))
}

function addSelection(command: Command): Command {
  return command
    .option(...project)
    .requiredOption('--service <name>', 'the consuming service')
    .requiredOption('--source <name>', 'the producing service')
    .option('--group <name>', "the group, when it is not the service's own")
    .option('--event <id>', 'this event, with its key')
    .option('--fingerprint <text>', 'all that failed alike')
    .option('--all', 'all of them')
    .option(...json)
}
