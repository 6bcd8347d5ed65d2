/** The commands, their flags and help. Each command's code is loaded when it is called, so that none pays for another. */
import { Command, CommanderError, Option } from 'commander'
import { addBridges } from './bridge-commands.ts'
import { addEvents } from './event-commands.ts'
import { exitCodeOf, exitCodes, formatFailure, toFailureDocument } from './failure.ts'
import { addProjections } from './projection-commands.ts'
import { addSagas } from './saga-commands.ts'
import { cliVersion } from './self.ts'

/** Ends the process with a code. */
type Finish = (code: number) => void

const project = ['--project <dir>', 'folder of the system and its banyan.json', '.'] as const

/** The whole of the command line. */
export function createProgram(finish: Finish): Command {
  const program = new Command('banyan')
    .description('Typed services that run as one process or as many.')
    .version(cliVersion())
    .showHelpAfterError('(banyan --help lists commands and flags)')
    .exitOverride()
  addDev(program, finish)
  addRun(program, finish)
  addCheck(program, finish)
  addDb(program, finish)
  addContract(program, finish)
  addEvents(program, finish)
  addBridges(program, finish)
  addProjections(program, finish)
  addSagas(program, finish)
  addSchema(program, finish)
  program
    .command('describe', { hidden: true })
    .option(...project)
    .action(async (flags) => (await import('./commands/describe.ts')).describe(flags))
  overrideExits(program)
  return program
}

function addDev(program: Command, finish: Finish): void {
  program
    .command('dev')
    .description('run the whole system on this machine: database, services, gateway, status page')
    .option(...project)
    .option('--split <services>', "services that get a process of their own: 'all', 'none' or a,b (BANYAN_SPLIT)")
    .option('--no-watch', 'do not restart when files change')
    .option('--fresh', 'start with empty databases')
    .option('--gateway-port <port>', 'port of the gateway, 0 for any (BANYAN_GATEWAY_PORT, 8080)')
    .option('--control-port <port>', 'port of the status page, 0 for any (BANYAN_CONTROL_PORT, 8090)')
    .option('--no-schemas', 'run without the schema registry: nobody judges whether schemas may change so')
    .option('--schema-port <port>', 'port of the schema registry (BANYAN_SCHEMA_PORT, any free one)')
    .option('--json', 'log as JSON lines')
    .addHelpText('after', environmentHelp)
    .action(async (flags) => finish(await (await import('./commands/dev.ts')).dev(flags)))
}

const environmentHelp = `
Environment:
  BANYAN_DATA_DIR          where data lie (.banyan)
  DATABASE_URL             an administrator's address of a PostgreSQL server, instead of the embedded one
  DATABASE_URL_<SERVICE>   the database of one service; DATABASE_URL_BUS that of the log
  BANYAN_DEBUG=1           show where errors come from
Flags come before the environment, the environment before banyan.json.`

function addRun(program: Command, finish: Finish): void {
  program
    .command('run')
    .description('run one host with some services, for production')
    .option(...project)
    .option('--services <names>', 'services to run here, like a,b')
    .option('--gateway', 'run the gateway here')
    .option('--name <name>', 'name of this host in logs')
    .addOption(new Option('--supervised').hideHelp())
    .action(async (flags) => (await import('./commands/run.ts')).run(flags, finish))
}

function addCheck(program: Command, finish: Finish): void {
  program
    .command('check')
    .description('check that services keep to themselves: imports, declared calls, circles of calls')
    .option(...project)
    .option('--json', 'print JSON')
    .action(async (flags) => finish(await (await import('./commands/check.ts')).runCheck(flags)))
}

function addDb(program: Command, finish: Finish): void {
  const db = program.command('db').description('migrations, and a look into the databases of services')
  const service = ['--service <names...>', 'only these services'] as const
  db.command('migrate')
    .description('apply migrations that are pending')
    .option(...project)
    .option(...service)
    .option('--json', 'print JSON')
    .action(async (flags) => finish(await (await import('./commands/db.ts')).dbMigrate(flags)))
  db.command('status')
    .description('show where migrations stand')
    .option(...project)
    .option(...service)
    .option('--json', 'print JSON')
    .action(async (flags) => finish(await (await import('./commands/db.ts')).dbStatus(flags)))
  db.command('sql')
    .description("run one statement on a service's database, read-only unless told otherwise")
    .argument('<service>')
    .argument('<statement>')
    .option(...project)
    .option('--write', 'let the statement change data')
    .option('--json', 'print JSON')
    .action(async (name, statement, flags) =>
      finish(await (await import('./commands/db.ts')).dbSql(name, statement, flags)),
    )
}

function addContract(program: Command, finish: Finish): void {
  program
    .command('contract')
    .description('write the contracts as openapi, asyncapi, or json')
    .argument('<format>', 'openapi, asyncapi or json')
    .option(...project)
    .option('--service <names...>', 'only these services')
    .option('--out <file>', 'write to a file')
    .action(async (format, flags) => finish(await (await import('./commands/contract.ts')).contract(format, flags)))
}

function addSchema(program: Command, finish: Finish): void {
  const schema = program.command('schema').description('schemas of events and operations, and what may change in them')
  const registry = [
    '--registry <url>',
    'address of the schema registry (BANYAN_SCHEMA_REGISTRY, that of the system that runs)',
  ] as const
  const json = ['--json', 'print JSON'] as const
  const load = (): Promise<typeof import('./commands/schema.ts')> => import('./commands/schema.ts')
  const about = (name: string, text: string): Command =>
    schema
      .command(name)
      .description(text)
      .option(...json)
  about('list', 'list what is registered')
    .option(...registry)
    .option('--prefix <text>', 'only subjects that begin so')
    .action(async (flags) => finish(await (await load()).schemaList(flags)))
  about('show', 'show a schema')
    .argument('<subject>')
    .argument('[version]')
    .option(...registry)
    .action(async (subject, version, flags) => finish(await (await load()).schemaShow(subject, version, flags)))
  about('check', 'judge the schemas of the system as a start would, and register nothing')
    .option(...project)
    .option(...registry)
    .action(async (flags) => finish(await (await load()).schemaCheck(flags)))
  about('register', 'register the schemas of the system, all or none')
    .option(...project)
    .option(...registry)
    .action(async (flags) => finish(await (await load()).schemaRegister(flags)))
  about('config', 'show or set the mode of a subject, or of all')
    .argument('[subject]', "'' for all")
    .argument('[mode]', 'NONE, BACKWARD, FORWARD, FULL, or with _TRANSITIVE')
    .option(...registry)
    .action(async (subject, mode, flags) => finish(await (await load()).schemaConfig(subject, mode, flags)))
  about('compare', 'compare two schemas, or two files of `banyan contract json`, without a registry')
    .argument('<before>')
    .argument('<after>')
    .option('--mode <mode>', 'of schemas and events', 'FULL')
    .action(async (before, after, flags) =>
      finish(await (await import('./commands/schema-compare.ts')).schemaCompare(before, after, flags)),
    )
}

/** Commander would end the process itself, before what was written is out. */
function overrideExits(command: Command): void {
  command.exitOverride()
  for (const below of command.commands) overrideExits(below)
}

/** Runs a command line; ends the process when the command is over. */
export async function main(argv: readonly string[]): Promise<void> {
  const finish = (code: number): void => {
    process.exitCode = code
    // After what was written is out.
    process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
  }
  try {
    await createProgram(finish).parseAsync(argv)
  } catch (error) {
    finish(report(error, argv.includes('--json')))
  }
}

function report(error: unknown, json: boolean): number {
  // Commander has written its message already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (json) process.stdout.write(`${JSON.stringify(toFailureDocument(error))}\n`)
  else process.stderr.write(`${formatFailure(error, process.env['BANYAN_DEBUG'] === '1')}\n`)
  return exitCodeOf(error)
}
