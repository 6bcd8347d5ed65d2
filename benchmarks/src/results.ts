/** RESULTS.md: one part per benchmark, each with the day, the machine and the versions of its own run. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { toLoad, toMachine, toVersions } from './measure/machine.ts'
import { holds, type Section, type Verdict } from './measure/section.ts'
import { toTable, toText } from './measure/table.ts'

const file = new URL('../RESULTS.md', import.meta.url)
const head = `# Results

Written by \`npm run bench -- --write\`; run it on your own machine before you believe any of it. Each part says what it was
measured on. Absolute numbers of a shared virtual machine are worth little: read the ratios, which are taken within rounds in
which everybody had the same neighbours. What each benchmark does, and what is equal and what is not: [README.md](README.md).
`

const toRow = (verdict: Verdict): readonly string[] => {
  const { claim, measured, atMost, atLeast } = verdict
  const target = atMost !== undefined ? `≤ ${atMost}` : `≥ ${atLeast}`
  return [claim, target, toText(measured), holds(verdict) ? 'yes' : 'NO']
}

/** A section as Markdown. */
export function toMarkdown({ title, method, tables, verdicts }: Section): string {
  const judged = verdicts.length === 0 ? [] : [toTable(['target', 'asked', 'measured', 'holds'], verdicts.map(toRow))]
  return [`## ${title}`, method.trim(), ...tables, ...judged].join('\n\n')
}

const opening = (name: string): string => `<!-- ${name} -->`
const closing = (name: string): string => `<!-- /${name} -->`

/** Replaces one part of the file, or adds it. */
export function writeResults(name: string, section: Section): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : head
  const facts = `*${new Date().toISOString().slice(0, 10)}. ${toMachine()}; load average ${toLoad()} at the end. ${toVersions()}.*`
  const [title, ...rest] = toMarkdown(section).split('\n')
  const part = [opening(name), title, '', facts, ...rest, closing(name)].join('\n')
  const from = before.indexOf(opening(name))
  const to = before.indexOf(closing(name))
  const after =
    from < 0 || to < 0
      ? `${before.trimEnd()}\n\n${part}\n`
      : `${before.slice(0, from)}${part}${before.slice(to + closing(name).length)}`
  writeFileSync(file, after)
}
