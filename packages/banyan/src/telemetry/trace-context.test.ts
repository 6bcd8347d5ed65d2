import { describe, expect, it } from 'vitest'
import { formatTraceparent, parseTraceparent } from './trace-context.ts'

/** The rule as the recommendation writes it, for comparison. */
const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
function expected(text: string): unknown {
  const [, version, traceId, spanId, flags = '', rest] = pattern.exec(text) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(`${traceId}`) || /^0+$/.test(`${spanId}`)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('a traceparent', () => {
  it('is read, and written as it was', () => {
    const parent = parseTraceparent(good)
    expect(parent).toEqual({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      sampled: true,
    })
    expect(parent && formatTraceparent(parent)).toBe(good)
  })

  it('is read as the recommendation says, whatever one character becomes', () => {
    const characters = ['0', '9', 'a', 'f', 'g', 'A', '-', '/', ':', '`', ' ', 'é', '\u0130']
    for (let at = 0; at < good.length; at++)
      for (const character of characters) {
        const text = good.slice(0, at) + character + good.slice(at + 1)
        expect(parseTraceparent(text), text).toEqual(expected(text))
      }
  })

  it.each([
    ['nothing', undefined],
    ['an empty one', ''],
    ['one cut short', good.slice(0, -1)],
    ['one with more, of version 00', `${good}-00`],
    ['version ff', `ff${good.slice(2)}`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a span of zeros', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['more than 256 characters', `01${good.slice(2)}-${'a'.repeat(300)}`],
    ['a later version that goes on without a dash', `01${good.slice(2)}x`],
  ])('is ignored: %s', (_, text) => expect(parseTraceparent(text)).toBeUndefined())

  it('of a later version is read as far as version 00 goes', () => {
    for (const rest of ['', '-', '-more'])
      expect(parseTraceparent(`01${good.slice(2)}${rest}`)).toEqual(parseTraceparent(good))
  })
})
