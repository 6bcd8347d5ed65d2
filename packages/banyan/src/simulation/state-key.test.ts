import { expect, it } from 'vitest'
import { toStateKey } from './state-key.ts'

it('is one for equal data, whatever the order of fields, members and entries', () => {
  expect(toStateKey({ a: 1, b: [2, null] })).toBe(toStateKey({ b: [2, null], a: 1 }))
  expect(toStateKey(new Set(['x', 'y']))).toBe(toStateKey(new Set(['y', 'x'])))
  expect(
    toStateKey(
      new Map([
        [1, 'a'],
        [2, 'b'],
      ]),
    ),
  ).toBe(
    toStateKey(
      new Map([
        [2, 'b'],
        [1, 'a'],
      ]),
    ),
  )
  expect(toStateKey(-0)).toBe(toStateKey(0))
})

it.each([
  ['1', 1],
  [undefined, null],
  [{ a: undefined }, {}],
  [['a,b'], ['a', 'b']],
  [{ 'a":1,"b': 1 }, { a: 1, b: 1 }],
  [1n, 1],
  [true, 'true'],
  [[], {}],
  [new Set([1]), [1]],
])('tells %s from %s', (one, other) => {
  expect(toStateKey(one)).not.toBe(toStateKey(other))
})

it('refuses what is not data', () => {
  expect(() => toStateKey({ run: () => 1 })).toThrow('it has a function in it')
  expect(() => toStateKey([new Date(0)])).toThrow('it has a Date in it')
  expect(() => toStateKey(Symbol('x'))).toThrow('it has a symbol in it')
})
