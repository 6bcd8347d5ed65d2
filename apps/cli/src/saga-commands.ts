/** The commands about sagas, with their flags and help. */
import type { Command } from 'commander'

type Finish = (code: number) => void

const project = ['--project <dir>', 'folder of the system and its banyan.json', '.'] as const
const json = ['--json', 'print JSON'] as const
const service = ['--service <name>', 'the service that the run belongs to; found by itself when left out'] as const
const run = ['<run>', 'its id, or <saga>/<key> for the newest run of a key'] as const

const load = () => import('./commands/saga.ts')

/** Adds `saga` and what is below it. */
export function addSagas(program: Command, finish: Finish): void {
  const saga = program.command('saga').description('sagas: runs, what became of their steps, and what to do about them')
  const about = (name: string, text: string): Command =>
    saga
      .command(name)
      .description(text)
      .option(...project)
      .option(...service)
      .option(...json)
  addLooks(about, finish)
  addMending(about, finish)
  addDocuments(about, finish)
  saga
    .command('answer', { hidden: true })
    .option(...project)
    .action(async (flags) => (await import('./commands/saga-answer.ts')).sagaAnswer(flags))
}

type About = (name: string, text: string) => Command

function addLooks(about: About, finish: Finish): void {
  about('list', 'list runs, the newest first')
    .option('--name <saga>', 'only this saga')
    .option('--key <key>', 'only this key')
    .option('--state <states...>', 'only in these states: running, undoing, parked, completed, undone, continued')
    .option('--stuck [seconds]', 'only those that should have gone on so long ago (300), and those that are parked')
    .option('--late', 'only flows that wait for what should have come')
    .option('--limit <count>', 'at most so many', '50')
    .option('--before <id>', 'the next page: what the last one said')
    .action(async (flags) => finish(await (await load()).sagaList(flags)))
  about('show', 'show a run: what is done, not done and unknown, what it waits for, who did what')
    .argument(...run)
    .option('--secrets', 'show what schemas hide')
    .action(async (name, flags) => finish(await (await load()).sagaShow(name, flags)))
  about('locks', 'list locks with owner and age')
    .option('--limit <count>', 'at most so many', '200')
    .action(async (flags) => finish(await (await load()).sagaLocks(flags)))
  about('check', 'replay what is stored against the code of this project; 1 when runs would stop')
    .option('--name <saga>', 'only this saga')
    .option('--runs <count>', 'replay at most so many of each service', '1000')
    .option('--oldest', 'the oldest runs rather than the newest')
    .action(async (flags) => finish(await (await load()).sagaCheck(flags)))
}

const byHand = (command: Command): Command =>
  command
    .requiredOption('--why <reason>', 'kept in the journal')
    .option('--by <name>', 'who does it, kept in the journal; default: the user of this process')

function addMending(about: About, finish: Finish): void {
  const mend = (action: 'retry' | 'compensate' | 'cancel', text: string): void => {
    byHand(about(action, text).argument(...run)).action(async (name, flags) =>
      finish(await (await load()).sagaMend(action, name, flags)),
    )
  }
  mend('retry', 'let a parked run go on where it was, or one that waits for its next attempt try now')
  mend('compensate', 'begin to undo a run, before its point of no return; taken out of the hands of its host')
  mend('cancel', 'ask a run to be undone; it reads that where it may be interrupted')
  byHand(
    about('skip', 'go on as if a step were done, or without an undo that fails')
      .argument(...run)
      .argument('[operation]', 'its number; the one at which the run is parked when left out')
      .option('--result <json>', 'what the step is said to have given'),
  ).action(async (name, seq, flags) => finish(await (await load()).sagaSkip(name, seq, flags)))
  byHand(
    about('fork', 'start a new run from an operation of one that has ended or is parked')
      .argument(...run)
      .requiredOption('--from <operation>', 'the first operation that is done anew')
      .option('--key <key>', 'of the new run')
      .option('--version <number>', 'another version of the code'),
  ).action(async (name, flags) => finish(await (await load()).sagaFork(name, flags)))
}

function addDocuments(about: About, finish: Finish): void {
  about('export', 'write a run as a document, for a test that replays it or for another database')
    .argument(...run)
    .option('--out <file>', 'write to a file')
    .option('--secrets', 'with what schemas hide')
    .action(async (name, flags) => finish(await (await load()).sagaExport(name, flags)))
  byHand(
    about('import', 'put an exported run into a database; it stands parked there until it is retried')
      .argument('<to>', 'the service')
      .argument('<file>'),
  ).action(async (to, file, flags) => finish(await (await load()).sagaImport(to, file, flags)))
}
