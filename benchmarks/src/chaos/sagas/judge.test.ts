/** What the rig itself must get right: numbers of points, the list of trials, and that no fault of the books passes. */
import { describe, expect, it } from 'vitest'
import { type Books, findImbalance } from './ledger/judge.ts'
import { toRigOptions } from './options.ts'
import { toSlice, toTrials } from './plan.ts'
import { type Fault, Points } from './points.ts'
import { isFlawless, type Summary, toSummaryLine } from './run.ts'

const once = (...words: readonly string[]): ReadonlyMap<string, number> => new Map(words.map((word) => [word, 1]))
const completed: Books = {
  ledger: once('note', 'middle', 'label', 'book', 'rival'),
  wallet: once('debit', 'left', 'right', 'first offer', 'second offer', 'second offer back', 'parcel', 'settle'),
  charges: { authorized: 1, captured: 1, voided: 0 },
}
const undone: Books = {
  ledger: once('note', 'note back', 'rival'),
  wallet: once('debit', 'debit back'),
  charges: { authorized: 1, captured: 0, voided: 1 },
}
const withWallet = (books: Books, what: string, count: number): Books => ({
  ...books,
  wallet: new Map([...books.wallet, [what, count]]),
})

describe('the books', () => {
  it('balance when all was done once, or nothing is left of it', () => {
    expect(findImbalance(completed, 'completed')).toEqual([])
    expect(findImbalance(undone, 'undone')).toEqual([])
  })

  it.each([
    ['done twice', withWallet(completed, 'debit', 2), 'completed', "wallet 'debit': 2 times"],
    ['not done', withWallet(completed, 'settle', 0), 'completed', "wallet 'settle': 0 instead of 1"],
    ['not taken back', withWallet(undone, 'left', 1), 'undone', "wallet 'left': 1 instead of 0"],
    ['taken back and kept', withWallet(completed, 'left back', 1), 'completed', "wallet 'left': 0 instead of 1"],
    ['taken back twice', withWallet(undone, 'debit back', 2), 'undone', "wallet 'debit back': 2 times"],
    [
      'a lost branch kept',
      withWallet(completed, 'second offer back', 0),
      'completed',
      "wallet 'second offer': 1 instead of 0",
    ],
    ['captured and undone', { ...undone, charges: completed.charges }, 'undone', 'captured: 1 instead of 0'],
  ])('do not when something was %s', (_, books, end, fault) => {
    expect(findImbalance(books, end)).toContain(fault)
  })
})

describe('points', () => {
  it('are numbered by their name, and something happens at one of them, once', async () => {
    const struck: Fault[] = []
    const points = new Points((fault) => void struck.push(fault))
    const order: string[] = []
    points.arm(undefined)
    await points.cross('a', () => order.push('a'))
    await points.cross('b', () => order.push('b'))
    await points.cross('a', () => order.push('a'))
    expect(points.noted).toEqual(['a#1', 'b#1', 'a#2'])
    expect(struck).toEqual([])
  })

  it('lets what the work gives and throws through, and counts nothing when it is not armed', async () => {
    const points = new Points(() => undefined)
    expect(await points.cross('a', () => 7)).toBe(7)
    points.arm(undefined)
    await expect(points.cross('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(points.noted).toEqual(['a#1'])
  })
})

describe('the list of trials', () => {
  const points = [
    'call(x)#1',
    'call(x)#2',
    'orders.sagas.write(step a)#1',
    'orders.transact#1',
    'orders.transact.work#1',
  ].map((point) => ({ role: 'sagas' as const, point }))
  it('has each point before and after', () => {
    const trials = toTrials(points, { scenario: 'happy', mode: 'kill', hosts: 1, slice: false })
    expect(trials.map(({ point, when }) => `${when} ${point}`)).toHaveLength(10)
    expect(new Set(trials.map(({ point, when }) => `${when} ${point}`)).size).toBe(10)
  })
  it('has one point of each port in a slice, and clocks that jump both ways', () => {
    expect(toSlice(points).map(({ point }) => point)).toEqual([
      'call(x)#2',
      'orders.sagas.write(step a)#1',
      'orders.transact#1',
      'orders.transact.work#1',
    ])
    const [first, second] = toTrials(points, { scenario: 'happy', mode: 'skew', hosts: 1, slice: false })
    expect([first?.skewMs, second?.skewMs]).toEqual([3_600_000, -3_600_000])
  })
})

describe('the verdict', () => {
  const fine: Summary = { points: 3, faults: 6, missed: 0, illegal: 0, stuck: 0, unbalanced: 0 }
  it('is good only when something happened and nothing is wrong', () => {
    expect(toSummaryLine(fine)).toBe('points 3, faults 6, missed 0, illegal 0, stuck 0, unbalanced 0')
    expect(isFlawless(fine)).toBe(true)
    for (const wrong of [{ faults: 0 }, { illegal: 1 }, { stuck: 1 }, { unbalanced: 1 }])
      expect(isFlawless({ ...fine, ...wrong })).toBe(false)
  })
  it.each([
    [['--system', 'bank'], /--system must be one of ledger, shop/],
    [['--mode', 'unplug'], /--mode must be one of kill, stop, restart, skew/],
    [['--hosts', '3'], /--hosts must be one of 1, 2/],
    [['--from', '0'], /--from takes a whole number/],
  ])('is not asked for with %j', (args, message) => {
    expect(() => toRigOptions(args)).toThrow(message)
  })
})
