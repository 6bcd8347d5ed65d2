import { describe, expect, it } from 'vitest'
import { createUuidv7 } from '../core/environment/random.ts'
import {
  formatPosition,
  joinPositions,
  maxPositionEntries,
  type Position,
  parsePosition,
  tagOfType,
} from './position.ts'

const nowMs = 1_800_000_000_000
let ms = nowMs
const newId = createUuidv7(
  () => ms,
  (length) => new Uint8Array(length).fill(7),
)
const entry = (source = 'orders'): Position[number] => ({ source, tag: tagOfType(`${source}.placed.v1`), id: newId() })
const reasonOf = (text: string): string | undefined => {
  try {
    parsePosition(text, nowMs)
    return undefined
  } catch (error) {
    return (error as { reason: string }).reason
  }
}

describe('position tokens', () => {
  it('come back as they were, whatever the sources', () => {
    const position = [entry(), entry(), entry('payments'), entry('a-b-1')]
    expect(parsePosition(formatPosition(position), nowMs)).toEqual(position)
  })

  it('fit a header: short, and of characters that need no escaping', () => {
    const text = formatPosition(Array.from({ length: 100 }, () => entry()))
    expect(text).toMatch(/^[A-Za-z0-9._~-]+$/)
    expect(text.length).toBeLessThan(1_000)
    expect(parsePosition(text, nowMs)).toHaveLength(maxPositionEntries)
  })

  it('keep the last of what was published, each once', () => {
    const many = Array.from({ length: 40 }, () => entry())
    expect(joinPositions(many.slice(0, 30), many.slice(20))).toEqual(many.slice(-maxPositionEntries))
    expect(joinPositions(undefined, undefined)).toBeUndefined()
  })

  it.each([
    '',
    'orders',
    'orders~',
    'orders~AAAA',
    '~AAAA',
    'Orders~AAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'orders~AAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'orders~AAAAAAAAAAAAAAAAAAAAAAAAAA=',
    `${'orders~AAAAAAAAAAAAAAAAAAAAAAAAAAA.'.repeat(200)}`,
    'orders~AAAAAAAAAAAAAAAAAAAAAAAAAAA, orders~AAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '../../etc/passwd~AAAA',
    "orders'; drop table mark; --~AAAA",
    '\u0000',
    '1:42',
  ])('that nobody made are refused: %j', (text) => {
    expect(reasonOf(text)).toBe('BAD_POSITION')
  })

  it('with one bit changed are refused or name another event, and never throw anything else', () => {
    const text = formatPosition([entry(), entry()])
    for (let at = 0; at < text.length; at++)
      for (const letter of ['A', 'z', '~', '.', '\\'])
        expect([undefined, 'BAD_POSITION', 'POSITION_EXPIRED']).toContain(
          reasonOf(text.slice(0, at) + letter + text.slice(at + 1)),
        )
  })

  it('are too many, too old or of the future, and say so', () => {
    const tooMany = `${formatPosition(Array.from({ length: 32 }, () => entry()))}.${formatPosition([entry('x')])}`
    expect(reasonOf(tooMany)).toBe('BAD_POSITION')
    const text = formatPosition([entry()])
    expect(() => parsePosition(text, nowMs + 86_400_000 + 1_000)).toThrow(/older than 24 hours/)
    expect(() => parsePosition(text, nowMs - 301_000)).toThrow(/no position token/)
    // Handed on by another host of the system, whose calendar may differ.
    expect(parsePosition(text)).toHaveLength(1)
    ms = nowMs
  })
})
