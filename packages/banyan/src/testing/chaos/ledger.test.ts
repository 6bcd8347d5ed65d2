/** Each way to break the promise is seen, by its own name and only by that. */
import { describe, expect, it } from 'vitest'
import {
  type CommittedEvent,
  isFlawless,
  judgeLedger,
  type Ledger,
  type RecordedEffect,
  toVerdictLine,
} from './ledger.ts'

const event = (counter: number, key = 'k'): CommittedEvent => ({ key, counter, eventId: `${key}-${counter}` })
/** Effects in an order, each seeing what those before it recorded. */
function apply(...events: readonly CommittedEvent[]): RecordedEffect[] {
  const highest = new Map<string, number>()
  return events.map((one) => {
    const after = highest.get(one.key) ?? 0
    highest.set(one.key, Math.max(after, one.counter))
    return { ...one, after }
  })
}
const line = (ledger: Ledger): string => toVerdictLine(judgeLedger(ledger))
const three = [event(1), event(2), event(3)]

describe('the ledger', () => {
  it('finds nothing where everything was applied once and in order', () => {
    const committed = [...three, event(1, 'other')]
    const verdict = judgeLedger({ committed, recorded: apply(event(1), event(1, 'other'), event(2), event(3)) })
    expect(toVerdictLine(verdict)).toBe('lost 0, duplicated 0, inverted 0, stuck 0')
    expect([isFlawless(verdict), verdict.committed, verdict.recorded, verdict.examples]).toEqual([true, 4, 4, []])
  })

  it.each<[string, Ledger, string]>([
    [
      'a lost event, without calling its successor inverted',
      { committed: three, recorded: apply(event(1), event(3)) },
      'lost 1, duplicated 0, inverted 0, stuck 0',
    ],
    [
      'an event that is only late',
      { committed: three, recorded: apply(event(1)), waiting: new Set(['k-2', 'k-3']) },
      'lost 0, duplicated 0, inverted 0, stuck 2',
    ],
    [
      'a doubled effect, without calling it inverted',
      { committed: three, recorded: apply(event(1), event(2), event(3), event(1)) },
      'lost 0, duplicated 1, inverted 0, stuck 0',
    ],
    [
      'an inversion, counted where the order was broken',
      { committed: three, recorded: apply(event(2), event(3), event(1)) },
      'lost 0, duplicated 0, inverted 1, stuck 0',
    ],
    [
      'two effects of a key that did not see each other',
      { committed: three.slice(0, 2), recorded: [event(1), event(2)].map((one) => ({ ...one, after: 0 })) },
      'lost 0, duplicated 0, inverted 1, stuck 0',
    ],
    [
      'an effect of a transaction that was rolled back',
      { committed: three, recorded: apply(...three, event(1, 'ghost')) },
      'lost 0, duplicated 0, inverted 0, stuck 0, invented 1',
    ],
    [
      'a commit that was acknowledged and is gone',
      { committed: three, recorded: apply(...three), acknowledged: new Map([['k', 5]]) },
      'lost 2, duplicated 0, inverted 0, stuck 0',
    ],
  ])('finds %s', (_, ledger, expected) => {
    expect(line(ledger)).toBe(expected)
    expect(isFlawless(judgeLedger(ledger))).toBe(false)
    expect(judgeLedger(ledger).examples[0]).toContain('#')
  })

  it('tells at most twenty violations in words and counts all', () => {
    const committed = Array.from({ length: 50 }, (_, index) => event(index + 1))
    const verdict = judgeLedger({ committed, recorded: [] })
    expect([verdict.lost, verdict.examples.length]).toEqual([50, 20])
  })
})
