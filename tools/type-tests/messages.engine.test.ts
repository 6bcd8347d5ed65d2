// What a user is told. Each file of fixtures/bad holds mistakes of one kind; the texts are part of the product, so a change
// of fixtures/bad-messages.txt is to be read, not only accepted (`npx vitest run tools/type-tests -u` writes it).
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compile } from './compiler.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))

test('the good shop compiles', async () => {
  expect(await compile(fixture('good'), ['--singleThreaded'])).toEqual({ code: 0, said: '' })
})

test('each mistake is named where it was made', async () => {
  const { code, said } = await compile(fixture('bad'), ['--singleThreaded'])
  expect(code).not.toBe(0)
  const mistaken = new Set(said.match(/^[\w-]+\.ts(?=\()/gm))
  const files = readdirSync(fixture('bad')).filter((name) => name.endsWith('.ts'))
  expect([...mistaken].sort()).toEqual(files.sort())
  await expect(said).toMatchFileSnapshot('./fixtures/bad-messages.txt')
})
