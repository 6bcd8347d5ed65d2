import { expect, it } from 'vitest'
import { SeenIds } from './seen-ids.ts'

const id = (number: number): string => String(number).padStart(6, '0')

it('knows what is new by its being the highest, and what was seen by remembering it', () => {
  const seen = new SeenIds('')
  expect(seen.judge(id(5))).toBe('new')
  seen.add(id(5))
  expect([seen.judge(id(5)), seen.judge(id(4)), seen.judge(id(6))]).toEqual(['seen', 'new', 'new'])
})

it('is in doubt below what came before it began to remember', () => {
  const seen = new SeenIds(id(100))
  expect([seen.judge(id(100)), seen.judge(id(7)), seen.judge(id(101))]).toEqual(['in doubt', 'in doubt', 'new'])
  seen.add(id(7))
  expect(seen.judge(id(7))).toBe('seen')
})

it.each([1, 2, 3])(
  'never calls new what came, nor seen what did not, and remembers so many and no more (seed %i)',
  (seed) => {
    const remembered = 50
    const seen = new SeenIds('', remembered)
    const came = new Set<string>()
    let state = seed
    let doubts = 0
    for (let turn = 0; turn < 5_000; turn++) {
      state = (state * 48_271) % 2_147_483_647
      // Nearly in order, and one in seven comes again from anywhere.
      const one = id(turn % 7 === 0 ? state % (turn + 1) : turn + (state % 20))
      const verdict = seen.judge(one)
      if (verdict === 'new') expect(came.has(one)).toBe(false)
      if (verdict === 'seen') expect(came.has(one)).toBe(true)
      if (verdict === 'in doubt') doubts += 1
      seen.add(one)
      came.add(one)
    }
    expect(doubts).toBeGreaterThan(0)
    expect(doubts).toBeLessThan(1_000)
  },
)
