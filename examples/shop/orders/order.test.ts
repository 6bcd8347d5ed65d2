import { describe, expect, it } from 'vitest'
import { append, type Fact, next, onCancel, type Status } from './order.ts'

const facts: readonly Fact[] = [
  { type: 'captured' },
  { type: 'refused', reason: 'OUT_OF_STOCK' },
  { type: 'cancel' },
  { type: 'stopped' },
  { type: 'shipped' },
  { type: 'delivered' },
  { type: 'returned' },
]
const allowed = new Set([
  'pending>confirmed',
  'pending>rejected',
  'pending>cancelled',
  'confirmed>shipped',
  'confirmed>cancelled',
  'shipped>delivered',
  'delivered>returned',
])

describe('an order', () => {
  it('goes only the ways it may, whatever it hears in whatever order', () => {
    const ends = new Set<Status>()
    const go = (status: Status, left: readonly Fact[]): void => {
      ends.add(status)
      for (const fact of left) {
        const to = next(status, fact)
        if (to !== undefined) expect(allowed).toContain(`${status}>${to}`)
        go(
          to ?? status,
          left.filter((one) => one !== fact),
        )
      }
    }
    go('pending', facts)
    expect([...ends].sort()).toEqual([
      'cancelled',
      'confirmed',
      'delivered',
      'pending',
      'rejected',
      'returned',
      'shipped',
    ])
  })

  it('does not move once it is settled', () => {
    for (const status of ['rejected', 'cancelled', 'returned'] as const)
      for (const fact of facts) expect(next(status, fact)).toBeUndefined()
  })

  it('keeps a history whose times never go back', () => {
    const history = append(append([], 2_000, 'pending'), 1_000, 'rejected', 'OUT_OF_STOCK')
    expect(history).toEqual([
      { at: '1970-01-01T00:00:02.000Z', status: 'pending' },
      { at: '1970-01-01T00:00:02.000Z', status: 'rejected', reason: 'OUT_OF_STOCK' },
    ])
  })

  it.each([
    ['pending', false, 'give up'],
    ['pending', true, 'ask shipping'],
    ['confirmed', true, 'ask shipping'],
    ['confirmed', false, 'ask shipping'],
    ['cancelled', false, 'cancelled before'],
    ['shipped', true, 'too late'],
    ['delivered', true, 'too late'],
    ['rejected', false, 'too late'],
    ['returned', true, 'too late'],
  ] as const)('that is %s (accepted: %s) and is cancelled: %s', (status, isAccepted, cancellation) => {
    expect(onCancel(status, isAccepted)).toBe(cancellation)
  })
})
