import { describe, expect, it } from 'vitest'
import { fromCursor, toCursor } from './cursor.ts'

const encode = (text: string): string => Buffer.from(text).toString('base64url')

describe('a cursor', () => {
  it.each([[['apron-linen']], [['0199-a', '2026-01-01']], [['']], [['ünï©ode 🧺', '"quoted"\\']]])(
    'gives back the position %j',
    (position) => {
      const cursor = toCursor(position)
      expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
      expect(fromCursor(cursor, position.length)).toEqual(position)
    },
  )

  it('fits what the contracts allow: a sku of the catalog into 100 characters, an order id into 200', () => {
    expect(toCursor(['x'.repeat(64)]).length).toBeLessThanOrEqual(100)
    expect(toCursor(['0199e7a1-7c00-7000-8000-000000000000']).length).toBeLessThanOrEqual(200)
  })

  it.each([
    ['nothing', ''],
    ['no base64url', 'a+b/c='],
    ['white space', `${toCursor(['a'])}\n`],
    ['no JSON', encode('["a"')],
    ['too few parts', encode('[]')],
    ['too many parts', encode('["a","b"]')],
    ['a number', encode('[1]')],
    ['null', encode('[null]')],
    ['a nested list', encode('[["a"]]')],
    ['an object that looks like a list', encode('{"0":"a","length":1}')],
    ['a bare text', encode('"a"')],
    ['a NUL, which the database cannot hold', encode('["a\\u0000"]')],
    ['bytes that are no text', Buffer.from([0x5b, 0xff, 0x5d]).toString('base64url')],
  ])('is refused when it is %s', (_, cursor) => {
    expect(fromCursor(cursor, 1)).toBeUndefined()
  })
})
