// One package from source to what npm gets: ESM and declarations by the compiler, other files copied, a package.json
// whose entries point at them. In development nothing is built; the workspace runs its .ts files.
import { execFile } from 'node:child_process'
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from '../source/sources.ts'
import type { PackageJson, Publishable } from './publishable.ts'
import { rewriteSpecifiers } from './rewrite.ts'

/** A package and the folder it was built into. */
export interface Built extends Publishable {
  readonly output: string
}

/**
 * Builds one package into `output`, which is emptied first. `before` are the built packages it may import: it is
 * compiled against their declarations, exactly as a user's program will be.
 */
export async function compilePackage(item: Publishable, output: string, before: readonly Built[]): Promise<Built> {
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
  await runCompiler(item, output, before)
  copyOthers(item, output)
  for (const file of globSync('**/*.{js,d.ts}', { cwd: output })) rewriteFile(join(output, file))
  writeFileSync(join(output, 'package.json'), `${JSON.stringify(publishedJson(item.json), null, 2)}\n`)
  for (const target of Object.values(item.json.bin ?? {})) chmodSync(join(output, builtPath(target, '.js')), 0o755)
  return { ...item, output }
}

/** `./src/core/index.ts` → `./core/index.js` (or `.d.ts`): src is the root of what is published. */
export function builtPath(target: string, extension: '.js' | '.d.ts'): string {
  return target.replace(/^\.\/src\//, './').replace(/\.ts$/, extension)
}

const neverShipped = ['**/*.test.ts', '**/fixtures/**', '**/node_modules/**', '**/dist/**']

// A testing folder is shipped by the package that exports something from it, and else supports the package's own tests.
function notShipped(json: PackageJson): string[] {
  const exported = Object.values(json.exports ?? {}).some((target) => target.startsWith('./src/testing/'))
  return exported ? neverShipped : [...neverShipped, '**/src/testing/**', 'testing/**']
}

async function runCompiler(item: Publishable, output: string, before: readonly Built[]): Promise<void> {
  const config = join(output, 'tsconfig.json')
  const options = {
    noEmit: false,
    noEmitOnError: true,
    rootDir: join(item.folder, 'src'),
    outDir: output,
    declaration: true,
    isolatedDeclarations: basename(dirname(item.folder)) !== 'apps',
    sourceMap: true,
    inlineSources: true,
    rewriteRelativeImportExtensions: true,
    typeRoots: [join(repositoryRoot, 'node_modules/@types')],
    paths: Object.fromEntries(before.flatMap(declarationPaths)),
  }
  const include = [join(item.folder, 'src/**/*.ts')]
  const exclude = notShipped(item.json).map((pattern) => join(item.folder, pattern))
  const content = { extends: join(repositoryRoot, 'tsconfig.json'), compilerOptions: options, include, exclude }
  writeFileSync(config, JSON.stringify(content))
  try {
    await promisify(execFile)(join(repositoryRoot, 'node_modules/.bin/tsc'), ['-p', config], { cwd: item.folder })
  } catch (error) {
    throw new Error(`${item.json.name} does not compile:\n${(error as { stdout?: string }).stdout ?? error}`)
  } finally {
    rmSync(config)
  }
}

function declarationPaths(built: Built): [string, string[]][] {
  return Object.entries(built.json.exports ?? {}).map(([subpath, target]) => {
    return [join(built.json.name, subpath), [join(built.output, builtPath(target, '.d.ts'))]]
  })
}

// Pages, SQL and the like are read at run time from beside the code.
function copyOthers(item: Publishable, output: string): void {
  const source = join(item.folder, 'src')
  for (const file of globSync('**/*.*', { cwd: source, exclude: notShipped(item.json) })) {
    if (file.endsWith('.ts')) continue
    mkdirSync(dirname(join(output, file)), { recursive: true })
    cpSync(join(source, file), join(output, file), { recursive: true })
  }
  for (const document of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
    const place = [item.folder, repositoryRoot].map((folder) => join(folder, document)).find((path) => existsSync(path))
    if (place !== undefined) cpSync(place, join(output, document))
  }
}

function rewriteFile(file: string): void {
  const text = readFileSync(file, 'utf8')
  const rewritten = rewriteSpecifiers(file, text)
  if (rewritten !== text) writeFileSync(file, rewritten)
}

function publishedJson(json: PackageJson): object {
  const { private: _private, ...kept } = json
  const entries = Object.entries(json.exports ?? {}).map(([subpath, target]): [string, object] => {
    return [subpath, { types: builtPath(target, '.d.ts'), default: builtPath(target, '.js') }]
  })
  const commands = Object.entries(json.bin ?? {}).map(([name, target]) => [name, builtPath(target, '.js')])
  return {
    ...kept,
    exports: { ...Object.fromEntries(entries), './package.json': './package.json' },
    ...(json.bin === undefined ? {} : { bin: Object.fromEntries(commands) }),
    files: ['**/*'],
    publishConfig: { access: 'public' },
  }
}
