/** A process that forbids code from strings gets the interpreted back end, without being asked. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const program = `
  const { compileSchema, INVALID } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
  let generates = true
  try { new Function('return 1') } catch { generates = false }
  const compiled = compileSchema({ type: 'object', properties: { a: { type: 'integer' } } }, { extras: 'strip' })
  console.log(JSON.stringify([generates, compiled.copy({ a: 1, b: 2 }), compiled.copy({ a: 'x' }) === INVALID]))
`

test.each([
  [['--disallow-code-generation-from-strings'], false],
  [[], true],
])('node %j', (flags, generates) => {
  const output = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', program], {
    encoding: 'utf8',
  })
  expect(JSON.parse(output)).toEqual([generates, { a: 1 }, true])
})
