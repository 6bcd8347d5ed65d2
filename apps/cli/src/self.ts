/** Where this command itself lies: run from its source or from what was built of it, hosts are started the same way. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = import.meta.url.endsWith('.js')

/** The main module, which hosts are started with. */
export const cliPath: string = fileURLToPath(new URL(built ? './main.js' : './main.ts', import.meta.url))

/** The version of the package: beside what was built, above the source. */
export function cliVersion(): string {
  const places = ['./package.json', '../package.json'].map((place) => fileURLToPath(new URL(place, import.meta.url)))
  const path = places.find((place) => existsSync(place)) ?? ''
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
