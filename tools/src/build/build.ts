// `npm run build`: every publishable package into its own dist/.
import { join } from 'node:path'
import { repositoryRoot } from '../source/sources.ts'
import { type Built, compilePackage } from './compile.ts'
import { type Publishable, publishablePackages } from './publishable.ts'

/** Builds all publishable packages of a workspace, or `only` some, each into the folder that `place` names (default: its `dist`). */
export async function buildPackages(
  root: string = repositoryRoot,
  place: (item: Publishable) => string = (item) => join(item.folder, 'dist'),
  only?: readonly string[],
): Promise<Built[]> {
  const built: Built[] = []
  const items = publishablePackages(root).filter(({ json }) => only === undefined || only.includes(json.name))
  for (const item of items) built.push(await compilePackage(item, place(item), built))
  return built
}

if (import.meta.main) {
  for (const item of await buildPackages()) console.log(`${item.json.name} ${item.json.version} → ${item.output}`)
}
