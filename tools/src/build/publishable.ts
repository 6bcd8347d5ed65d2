// Which packages of the workspace are published, in the order in which they build on each other.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The fields of a package.json that the build reads; the others are carried over as they are. */
export interface PackageJson {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** A package to publish. */
export interface Publishable {
  /** Its folder, absolute. */
  readonly folder: string
  readonly json: PackageJson
}

/**
 * Every package below packages/, adapters/ and apps/ that is not private, dependencies first. Throws when one names an
 * entry that does not exist, since what is published must be importable.
 */
export function publishablePackages(root: string): Publishable[] {
  const found = globSync(['packages/*/package.json', 'adapters/*/package.json', 'apps/*/package.json'], { cwd: root })
    .sort()
    .map((path) => join(root, path))
    .map(
      (path): Publishable => ({ folder: dirname(path), json: JSON.parse(readFileSync(path, 'utf8')) as PackageJson }),
    )
    .filter((item) => item.json.private !== true)
  for (const item of found) assertEntriesExist(item)
  return inOrder(found)
}

function assertEntriesExist({ folder, json }: Publishable): void {
  const entries = Object.entries({ ...json.exports, ...json.bin })
  if (entries.length === 0)
    throw new Error(`${json.name} exports nothing and has no command: there is nothing to publish`)
  for (const [entry, target] of entries) {
    if (!/^\.\/src\/.+\.ts$/.test(target))
      throw new Error(`${json.name}: ${entry} is ${target}; an entry is a ./src/….ts file`)
    if (!existsSync(join(folder, target))) throw new Error(`${json.name}: ${entry} is ${target}, which does not exist`)
  }
}

function inOrder(packages: readonly Publishable[]): Publishable[] {
  const ordered = new Set<Publishable>()
  const place = (item: Publishable, above: readonly string[]): void => {
    if (above.includes(item.json.name))
      throw new Error(`packages depend in a circle: ${[...above, item.json.name].join(' → ')}`)
    const { dependencies, peerDependencies } = item.json
    const names = Object.keys({ ...dependencies, ...peerDependencies })
    for (const below of packages.filter((other) => names.includes(other.json.name)))
      place(below, [...above, item.json.name])
    ordered.add(item)
  }
  for (const item of packages) place(item, [])
  return [...ordered]
}
