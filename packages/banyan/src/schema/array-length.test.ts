// The length of a proxied array may be anything; none of it may get into the copy unseen.
import { expect, it } from 'vitest'
import { compileWith } from './compile.ts'
import { INVALID } from './index.ts'

const lying = (length: unknown): unknown =>
  new Proxy(['a', 'b'], {
    get: (target, key, receiver) => (key === 'length' ? length : Reflect.get(target, key, receiver)),
  })

const lies: readonly unknown[] = ['abc', '2', -1, 1.5, Number.NaN, {}, { valueOf: () => 2 }, 4_294_967_297]

it.each(lies.map((length) => ({ length })))('a length of $length puts nothing unseen into the copy', ({ length }) => {
  const { copy } = compileWith(
    { type: 'array', items: { type: 'string', maxLength: 1 } },
    { extras: 'strip' },
    'generate',
  )
  const copied = copy(lying(length))
  if (copied === INVALID) return
  expect(copied).toSatisfy((values: unknown[]) => values.every((value, index) => value === ['a', 'b'][index]))
  expect(Object.keys(copied as unknown[])).toHaveLength((copied as unknown[]).length)
})
