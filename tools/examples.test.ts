// The examples in docstrings do what they say. How they are made into programs: src/reference/examples.ts. That they
// also fit the types: src/reference/examples.engine.test.ts.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { readExamples } from './src/reference/examples.ts'
import allowed from './src/reference/fragments.json' with { type: 'json' }
import { readReference } from './src/reference/reference.ts'
import * as stage from './src/reference/stage/stage.ts'
import { fileOf, writeExamples } from './src/reference/write-programs.ts'
import { repositoryRoot } from './src/source/sources.ts'

const examples = readExamples(readReference(repositoryRoot), new Set(Object.keys(stage)))
const running = examples.filter(({ level }) => level === 'runs')
const folder = writeExamples('examples', examples)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What each program exports, and the environment of its stage. */
interface Program {
  readonly default: () => Promise<void>
}

const maxTurns = 1_000

// Some examples have an environment of their own that drives itself; `run` of the stage's would take that for a deadlock.
async function drive(environment: typeof stage.environment, work: Promise<void>): Promise<void> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  work.then(note, note)
  for (let turn = 0; !settled; turn++) {
    if (turn === maxTurns) throw new Error(`the example has not ended after ${maxTurns} s of virtual time`)
    await environment.advance(1_000)
  }
  await work
}

describe('examples in docstrings', () => {
  it.each(running.map((example) => [example.id, fileOf(example)]))('%s', async (_, file) => {
    const load = (name: string) => import(pathToFileURL(join(folder, name)).href)
    const { environment } = (await load('stage.ts')) as typeof stage
    const program = (await load(file)) as Program
    await drive(environment, program.default())
  })

  it('are whole, but for those that are known to be fragments', () => {
    expect(running.length).toBeGreaterThan(20)
    expect(running.reduce((sum, { assertions }) => sum + assertions, 0)).toBeGreaterThan(5)
    const fragments = examples.filter(({ level }) => level === 'parses')
    const added = fragments.filter(({ id }) => !allowed.includes(id))
    expect(
      added.map(({ id, missing }) => `${id}: nothing gives ${missing.join(', ') || '…'}`),
      'write these examples so that they run: with names of the public entries or of tools/src/reference/stage',
    ).toEqual([])
    const known = new Set(fragments.map(({ id }) => id))
    const done = allowed.filter((id) => !known.has(id))
    expect(done, 'these run now: take them out of tools/src/reference/fragments.json').toEqual([])
  })
})
