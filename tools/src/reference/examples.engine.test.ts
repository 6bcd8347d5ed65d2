// The examples in docstrings fit the types. They are held to `strict` only: an example is written to be read.
import { rmSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { compile } from '../../type-tests/compiler.ts'
import { repositoryRoot } from '../source/sources.ts'
import { readExamples } from './examples.ts'
import { readReference } from './reference.ts'
import * as stage from './stage/stage.ts'
import { writeExamples } from './write-programs.ts'

const examples = readExamples(readReference(repositoryRoot), new Set(Object.keys(stage)))
const folder = writeExamples('example-types', examples)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('every whole example compiles', async () => {
  expect(examples.length).toBeGreaterThan(30)
  const { said } = await compile(folder)
  expect(said).toBe('')
})
