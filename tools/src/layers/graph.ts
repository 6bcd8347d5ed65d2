// Who imports whom, file by file, over the whole workspace: relative paths and the names of workspace packages are
// resolved to files, everything else stays a name.
import { dirname, join } from 'node:path/posix'
import { parseSource } from '../source/parse.ts'
import type { Sources } from '../source/sources.ts'

/** A package of the workspace, as its package.json says. */
export interface Manifest {
  /** Its folder, for example `packages/banyan`. */
  readonly folder: string
  readonly name: string
  /** Subpath (`.`, `./core`) → file, relative to the root. */
  readonly exports: ReadonlyMap<string, string>
  /** Every package it may import at run time. */
  readonly dependencies: ReadonlySet<string>
}

/** One import statement. `to` is a file of the workspace, or undefined for anything else. */
export interface Edge {
  readonly from: string
  readonly to: string | undefined
  readonly specifier: string
  readonly typeOnly: boolean
  readonly line: number
}

export interface Graph {
  readonly files: readonly string[]
  readonly edges: readonly Edge[]
  readonly manifests: readonly Manifest[]
  edgesOf(file: string): readonly Edge[]
  /** The package a file belongs to: the nearest folder above it with a package.json. */
  packageOf(file: string): Manifest | undefined
}

/** Builds the graph of all `.ts` files; `package.json` files in the same map say what the packages are. */
export function createGraph(sources: Sources): Graph {
  const manifests = [...sources].flatMap(([path, text]) =>
    path.endsWith('/package.json') ? [manifest(path, text)] : [],
  )
  const files = [...sources.keys()].filter((path) => path.endsWith('.ts'))
  const outgoing = new Map<string, Edge[]>()
  for (const from of files) {
    const imports = parseSource(from, sources.get(from) ?? '').imports
    outgoing.set(
      from,
      imports.map((item) => ({ from, to: resolve(from, item.specifier, manifests), ...item })),
    )
  }
  const byDepth = manifests.toSorted((a, b) => b.folder.length - a.folder.length)
  return {
    files,
    edges: [...outgoing.values()].flat(),
    manifests,
    edgesOf: (file) => outgoing.get(file) ?? [],
    packageOf: (file) => byDepth.find((item) => file.startsWith(`${item.folder}/`)),
  }
}

/** Splits `@scope/name/sub/path` into the package's name and `./sub/path` (or `.`). */
export function splitSpecifier(specifier: string): { name: string; subpath: string } {
  const parts = specifier.split('/')
  const name = parts.splice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  return { name, subpath: ['.', ...parts].join('/') }
}

function resolve(from: string, specifier: string, manifests: readonly Manifest[]): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(from), specifier)
  const { name, subpath } = splitSpecifier(specifier)
  return manifests.find((item) => item.name === name)?.exports.get(subpath)
}

interface PackageJson {
  readonly name?: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: object
  readonly peerDependencies?: object
  readonly optionalDependencies?: object
}

function manifest(path: string, text: string): Manifest {
  const json = JSON.parse(text) as PackageJson
  const folder = dirname(path)
  const targets = Object.entries(json.exports ?? {}).flatMap(([subpath, target]): [string, string][] => {
    return typeof target === 'string' ? [[subpath, join(folder, target)]] : []
  })
  const dependencies = { ...json.dependencies, ...json.peerDependencies, ...json.optionalDependencies }
  return {
    folder,
    name: json.name ?? folder,
    exports: new Map(targets),
    dependencies: new Set(Object.keys(dependencies)),
  }
}
