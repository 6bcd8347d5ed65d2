// Tarballs of the publishable packages, as npm would publish them, for tests that install them into a fresh project.
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from '../source/sources.ts'
import { buildPackages } from './build.ts'

/**
 * Builds and packs every publishable package (or `only` these, which need no other) into `folder`, and answers where each
 * tarball lies, by package name.
 * The workspace's own dist folders are not touched.
 *
 * @example
 * const tarballs = await packPackages(temporaryFolder)
 * await run('npm', ['install', tarballs.banyan], { cwd: freshProject })
 */
export async function packPackages(
  folder: string,
  root: string = repositoryRoot,
  only?: readonly string[],
): Promise<Record<string, string>> {
  const built = await buildPackages(root, (item) => join(folder, 'built', item.json.name), only)
  mkdirSync(folder, { recursive: true })
  const tarballs: Record<string, string> = {}
  for (const item of built) {
    const { stdout } = await promisify(execFile)('npm', ['pack', item.output, '--pack-destination', folder, '--json'])
    const [answer] = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>)
    if (answer === undefined) throw new Error(`npm pack said nothing about ${item.json.name}`)
    tarballs[item.json.name] = join(folder, answer.filename)
  }
  return tarballs
}
