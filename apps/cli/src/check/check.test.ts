import { expect, test } from 'vitest'
import { check } from './check.ts'

/** A system of two services that keeps every rule. */
const good = {
  'system.ts': `
    import { defineSystem, service } from 'banyan'
    import { Orders } from './orders/contract.ts'
    import { Stock } from './stock/contract.ts'
    export default defineSystem({ name: 's', services: [
      service(Orders, () => import('./orders/service.ts')), service(Stock, () => import('./stock/service.ts')) ] })`,
  'stock/contract.ts': `
    import { command, defineContract, t } from 'banyan'
    export const Stock = defineContract('stock', { operations: { reserve: command({}), release: command({}) } })`,
  'stock/service.ts': `
    import { defineService } from 'banyan'
    import { Stock } from './contract.ts'
    import { rows } from './rows.ts'
    export const stock = defineService(Stock, { operations: { reserve: () => rows, release: () => rows } })`,
  'stock/rows.ts': `export const rows = {}`,
  'orders/contract.ts': `
    import { defineContract } from 'banyan'
    import { Money } from '../money.ts'
    export const Orders = defineContract('orders', { operations: { place: command({ input: Money }) } })`,
  'orders/service.ts': `
    import { defineService } from 'banyan'
    import { Stock } from '../stock/contract.ts'
    import { Orders } from './contract.ts'
    export const orders = defineService(Orders, { calls: [Stock.reserve], operations: {
      place: async (input, ctx) => { await ctx.call(Stock.reserve, input) } },
      on: (on) => [on(Stock.events.reserved, async () => {})] })`,
  'money.ts': `export const Money = {}`,
}

const found = (changes: Record<string, string>) =>
  check(new Map(Object.entries({ ...good, ...changes }))).problems.map(
    ({ rule, severity, file, line, column, message }) => ({ rule, severity, at: `${file}:${line}:${column}`, message }),
  )

test('a system that keeps the rules', () => {
  expect(check(new Map(Object.entries(good)))).toEqual({ problems: [], services: ['stock', 'orders'], files: 7 })
})

test.each([
  ['a value', `import { rows } from '../stock/rows.ts'`],
  ['a type', `import type { rows } from '../stock/rows.ts'`],
  ['dynamically', `const late = () => import('../stock/rows.ts')`],
  ['as a type expression', `type Rows = typeof import('../stock/rows.ts')`],
  ['to hand it on', `export { rows } from '../stock/rows.ts'`],
  ['all of it, to hand it on', `export * from '../stock/rows.ts'`],
  ['without its extension', `import { rows } from '../stock/rows'`],
])("foreign-import: another service's file, %s", (_, line) => {
  expect(found({ 'orders/more.ts': `\n  ${line}` })).toEqual([
    {
      rule: 'foreign-import',
      severity: 'error',
      at: expect.stringMatching(/^orders\/more\.ts:2:/),
      message: "'orders' imports stock/rows.ts, which belongs to 'stock'",
    },
  ])
})

test('foreign-import: also by way of a file that belongs to nobody', () => {
  const problems = found({
    'orders/more.ts': `import '../common.ts'`,
    'common.ts': `import { rows } from './stock/rows.ts'`,
  })
  expect(problems.map(({ rule, at }) => [rule, at])).toEqual([['foreign-import', 'common.ts:1:1']])
})

test('foreign-import: the service itself is no contract', () => {
  const problems = found({ 'orders/more.ts': `import { stock } from '../stock/service.ts'` })
  expect(problems.map(({ rule }) => rule)).toEqual(['foreign-import'])
})

test('foreign-import: the system may import what it is made of', () => {
  expect(found({ 'start.ts': `import { stock } from './stock/service.ts'` })).toEqual([])
})

test.each([
  ['a value', `import { Stock } from '../stock/contract.ts'`],
  ['a type', `import type { Stock } from '../stock/contract.ts'`],
])('contract-import: another contract, %s', (_, line) => {
  const contract = `${line}\nimport { defineContract } from 'banyan'\nexport const Orders = defineContract('orders', {})`
  expect(found({ 'orders/contract.ts': contract })).toEqual([
    {
      rule: 'contract-import',
      severity: 'error',
      at: 'orders/contract.ts:1:1',
      message: 'a contract imports another contract: stock/contract.ts',
    },
  ])
})

test('contract-import: by way of a common file', () => {
  const problems = found({ 'money.ts': `import { Stock } from './stock/contract.ts'\nexport const Money = Stock` })
  expect(problems.map(({ rule, message }) => [rule, message])).toEqual([
    ['contract-import', 'a contract imports another contract: stock/contract.ts by way of money.ts'],
  ])
})

const place = (body: string, calls = '[Stock.reserve]') => `
import { defineService } from 'banyan'
import { Stock } from '../stock/contract.ts'
import { Orders } from './contract.ts'
export const orders = defineService(Orders, { calls: ${calls}, operations: { place: async (input, ctx) => { ${body} } } })`

test.each([
  ['call', 'await ctx.call(Stock.reserve, input); await ctx.call(Stock.release, input)'],
  ['attempt', 'await ctx.call(Stock.reserve, input); await ctx.attempt(Stock.release, input)'],
  ['through operations', 'await ctx.call(Stock.reserve, input); await ctx.call(Stock.operations.release, input)'],
  ['a constant', 'const undo = Stock.release; await ctx.call(Stock.reserve, input); await ctx.call(undo, input)'],
  ['taken apart', 'const { release } = Stock; await ctx.call(Stock.reserve, input); await ctx.call(release, input)'],
  ['by its name in brackets', `await ctx.call(Stock.reserve, input); await ctx.call(Stock['release'], input)`],
  ['inside of a cast', 'await ctx.call(Stock.reserve, input); await ctx.call(Stock.release as never, input)'],
])('undeclared-call: %s', (_, body) => {
  const problems = found({ 'orders/service.ts': place(body) })
  expect(problems).toEqual([
    {
      rule: 'undeclared-call',
      severity: 'error',
      at: expect.stringMatching(/^orders\/service\.ts:5:\d+$/),
      message: "'orders' calls Stock.release, which is not declared",
    },
  ])
})

test('undeclared-call: in another file of the service, and in a common one that it uses', () => {
  const handler = (contract: string) =>
    `import { Stock } from '${contract}'\nexport const undo = (ctx) => ctx.call(Stock.release, {})`
  const problems = found({
    'orders/undo.ts': handler('../stock/contract.ts'),
    'orders/more.ts': `import '../retry.ts'`,
    'retry.ts': handler('./stock/contract.ts'),
  })
  expect(problems.map(({ rule, at }) => [rule, at])).toEqual([
    ['undeclared-call', 'orders/undo.ts:2:39'],
    ['undeclared-call', 'retry.ts:2:39'],
  ])
})

test('a whole contract in calls allows each of its operations', () => {
  const body = 'await ctx.call(Stock.reserve, input); await ctx.call(Stock.release, input)'
  expect(found({ 'orders/service.ts': place(body, '[Stock]') })).toEqual([])
})

test('a contract that is handed on under another name is the same', () => {
  const changes = {
    'contracts.ts': `export { Stock as Shelves } from './stock/contract.ts'`,
    'orders/service.ts': place('await ctx.call(Stock.reserve, input)').replace(
      `{ Stock } from '../stock/contract.ts'`,
      `{ Shelves as Stock } from '../contracts.ts'`,
    ),
  }
  expect(found(changes)).toEqual([])
})

test('a contract of a package is known by where it is imported from', () => {
  const service = place('await ctx.call(Stock.release, input)').replace('../stock/contract.ts', '@other/stock')
  expect(found({ 'orders/service.ts': service }).map(({ rule }) => rule)).toEqual(['unused-call', 'undeclared-call'])
})

test("call on something else than a context is nobody's business", () => {
  expect(
    found({ 'orders/more.ts': `export const f = (phone, cb) => { phone.call('police'); cb.call(this, 1) }` }),
  ).toEqual([])
})

test('unused-call: declared and never called', () => {
  expect(found({ 'orders/service.ts': place('return input') })).toEqual([
    {
      rule: 'unused-call',
      severity: 'warning',
      at: 'orders/service.ts:5:55',
      message: "'orders' declares Stock.reserve and never calls it",
    },
  ])
})

test('unused-call: handing an operation to a function uses it', () => {
  expect(found({ 'orders/service.ts': place('await twice(ctx, Stock.reserve)') })).toEqual([])
})

test('call-cycle: between two, said once', () => {
  const stock = `
    import { defineService } from 'banyan'
    import { Orders } from '../orders/contract.ts'
    import { Stock } from './contract.ts'
    export const stock = defineService(Stock, { calls: [Orders], operations: { reserve: (_, ctx) => ctx.call(Orders.place, {}) } })`
  expect(found({ 'stock/service.ts': stock })).toEqual([
    {
      rule: 'call-cycle',
      severity: 'error',
      at: 'stock/service.ts:5:57',
      message: 'synchronous calls in a circle: stock → orders → stock',
    },
  ])
})

test('call-cycle: of three, and of a service with itself', () => {
  const contract = (name: string) => `export const ${name} = defineContract('${name.toLowerCase()}', {})`
  const service = (name: string, other: string) =>
    `import { ${name} } from './${name}-contract.ts'\nimport { ${other} as Other } from './${other}-contract.ts'\n
     export const s = defineService(${name}, { calls: [Other.go], operations: { go: (_, ctx) => ctx.call(Other.go, {}) } })`
  const files = new Map([
    ...['A', 'B', 'C', 'D'].map((name) => [`${name}-contract.ts`, contract(name)] as const),
    ['a.ts', service('A', 'B')],
    ['b.ts', service('B', 'C')],
    ['c.ts', service('C', 'A')],
    ['d.ts', service('D', 'D')],
  ])
  const { problems } = check(files)
  expect(problems.map(({ rule, message }) => [rule, message])).toEqual([
    ['call-cycle', 'synchronous calls in a circle: a → b → c → a'],
    ['call-cycle', 'synchronous calls in a circle: d → d'],
  ])
})

test('unreadable-calls: a list that only a run can make', () => {
  const problems = found({ 'orders/service.ts': place('await ctx.call(Stock.release, input)', 'makeCalls()') })
  expect(problems.map(({ rule, severity }) => [rule, severity])).toEqual([['unreadable-calls', 'warning']])
})

test('calls in a constant are read', () => {
  const source = `const calls = [Stock.reserve] as const\n${place('await ctx.call(Stock.release, input)', 'calls')}`
  expect(found({ 'orders/service.ts': source }).map(({ rule }) => rule)).toEqual(['unused-call', 'undeclared-call'])
})

test('a file that is no program is an error that names the place', () => {
  expect(() => found({ 'orders/more.ts': 'const a =\n  ;' })).toThrow(/^orders\/more\.ts:2:3: /)
})

test('everything in one file is fine', () => {
  const source = `
    const A = defineContract('a', {}), B = defineContract('b', {})
    const a = defineService(A, { calls: [B], operations: { go: (_, ctx) => ctx.call(B.go, {}) } })
    const b = defineService(B, { operations: {} })`
  expect(check(new Map([['system.ts', source]])).problems).toEqual([])
})

test('code that two services share may call what either declares, and nothing that neither does', () => {
  const stock = good['stock/service.ts'].replace(
    `import { rows } from './rows.ts'`,
    `import { rows } from '../shared.ts'`,
  )
  const shared = (operation: string) =>
    `import { Stock } from './stock/contract.ts'\nexport const rows = (ctx) => ctx.call(Stock.${operation}, {})`
  const changes = { 'stock/service.ts': stock, 'orders/more.ts': `import '../shared.ts'` }
  expect(found({ ...changes, 'shared.ts': shared('reserve') })).toEqual([])
  const problems = found({ ...changes, 'shared.ts': shared('release') })
  expect(problems.map(({ rule, at }) => [rule, at])).toEqual([['undeclared-call', 'shared.ts:2:39']])
})
