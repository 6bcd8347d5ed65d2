/** The commands about read models, with their flags and help. */
import type { Command } from 'commander'

type Finish = (code: number) => void

const project = ['--project <dir>', 'folder of the system and its banyan.json', '.'] as const
const json = ['--json', 'print JSON'] as const

/** Adds `projections` and what is below it. */
export function addProjections(program: Command, finish: Finish): void {
  const projections = program
    .command('projections')
    .description('read models: their versions, building one again, dropping one')
  const load = () => import('./commands/projections.ts')
  const about = (name: string, text: string): Command =>
    projections
      .command(name)
      .description(text)
      .option(...project)
      .option(...json)
  about('list', 'list versions and builds with phase, progress and lag')
    .option('--all', 'those that were dropped, too')
    .action(async (flags) => finish(await (await load()).projectionsList(flags)))
  about('rebuild', 'build a version again beside the live one, and swap it in')
    .argument('<service>', 'the service that keeps it')
    .argument('<projection>')
    .argument('[version]', 'this version instead of the live one')
    .action(async (service, name, version, flags) =>
      finish(await (await load()).projectionsRebuild({ service, projection: name, version }, flags)),
    )
  about('drop', 'drop a version that is not live, with its rows, now')
    .argument('<service>', 'the service that keeps it')
    .argument('<projection>')
    .argument('<version>')
    .argument('[build]', 'which build of the version', '1')
    .action(async (service, name, version, build, flags) =>
      finish(await (await load()).projectionsDrop({ service, projection: name, version, build }, flags)),
    )
}
