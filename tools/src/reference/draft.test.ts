// How examples become programs.
import { describe, expect, it } from 'vitest'
import { isValue, withAssertions } from './assertions.ts'
import { type Surroundings, toDraft } from './draft.ts'
import { freeNames } from './free-names.ts'

const surroundings: Surroundings = {
  imports: (name) => (name === 'create' ? 'banyan/core' : undefined),
  stage: new Set(['environment']),
  reachesOut: false,
}
const draft = (text: string, more: Partial<Surroundings> = {}) => toDraft('p#x', text, { ...surroundings, ...more })

describe('levels', () => {
  it('runs what is whole, with its names imported', () => {
    const { level, program } = draft('export const made = create(environment)')
    expect(level).toBe('runs')
    expect(program).toContain(`import { create } from 'banyan/core'\nimport { environment } from './stage.ts'`)
    expect(program).toContain('\nconst made = create(environment)\n')
  })

  it('takes members for members, not for labels', () => {
    expect(draft('placed: create({ a: 1 })')).toMatchObject({ level: 'runs' })
    expect(draft('placed: create({ a: 1 })').program).toContain('void ({\nplaced')
  })

  it('only compiles what would reach for an engine, or what waits for an error', () => {
    expect(draft('create()', { reachesOut: true }).level).toBe('compiles')
    expect(draft('catch (error) { create(error) }').level).toBe('compiles')
  })

  it('only parses what has gaps or names from nowhere, and says which', () => {
    expect(draft('create(ctx, tx)')).toEqual({ level: 'parses', program: '', missing: ['ctx', 'tx'], assertions: 0 })
    expect(draft('create(() => { … }, …)')).toMatchObject({ level: 'parses', missing: [] })
    expect(draft(`create('postgresql://…')`).level).toBe('runs')
  })

  it('refuses what is no code', () => {
    expect(() => draft('first, call it;')).toThrow('the example of p#x is no code')
  })
})

describe('assertions', () => {
  it('are made of values behind expressions and declarations', () => {
    expect(withAssertions('copy(3) // 3')).toEqual({ text: 'expected(await (copy(3))).toEqual(3) // 3', count: 1 })
    expect(withAssertions(`const a: number = 3 // 3`).text).toBe('const a: number = 3; expected(a).toEqual(3) // 3')
    expect(withAssertions(`try { f() } catch (e) { e.at } // 'x'`).text).toBe(
      `try { f() } catch (e) { expected(await (e.at)).toEqual('x') } // 'x'`,
    )
  })

  it('leave prose alone', () => {
    const prose = 'plan() // gateway, then the rest\n// { a: 1 }\nstop() // see above'
    expect(withAssertions(prose)).toEqual({ text: prose, count: 0 })
  })

  it('know a value when they see one', () => {
    for (const value of [`'a'`, '-1', '{ a: [1, undefined] }', 'null', '`x`', 'NaN']) expect(isValue(value)).toBe(true)
    for (const prose of ['', 'name', 'f()', '1 2', '{ a: … }', '1) + (2', '`$' + '{a}`'])
      expect(isValue(prose)).toBe(false)
  })
})

describe('free names', () => {
  it('are those used and not declared, types included', () => {
    const text = `
      import type { Given } from './given.ts'
      interface Tables { item: { sku: string } }
      const { a, b: c = fallback, ...rest } = make<Tables>(key.value)
      for (const one of list) one.use(a, c, rest, { short, long: other }, (x: Arg, { y }: Given) => x + y)
      try { a } catch (error) { error }
      const url = new URL('./x', import.meta.url)
      type Own = Readonly<Foreign>`
    expect(freeNames(text)).toEqual(['Arg', 'Foreign', 'fallback', 'key', 'list', 'make', 'other', 'short'])
  })

  it('leaves out the names of functions and classes that are declared', () => {
    expect(freeNames('function own(given) { return own(given) } class Own extends Other {}')).toEqual(['Other'])
  })
})
