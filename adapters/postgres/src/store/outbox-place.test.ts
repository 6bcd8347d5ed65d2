/** What a write to the outbox asks for, and into which table it goes. */
import { describe, expect, it } from 'vitest'
import { createOutboxPlace, idEvery, type OutboxPlace } from './outbox-place.ts'

const event = { id: 'e', type: 't', key: 'k', envelope: '{}' }
const textOf = (place: OutboxPlace, knowsXid: boolean, count = 1): string =>
  place.statement(Array(count).fill(event), knowsXid).text
const answer = (id: string): Parameters<OutboxPlace['learn']>[0] => [
  { command: 'INSERT', rowCount: 1, rows: [{ outbox_id: id, xid: '7' }] },
  { command: 'COMMIT', rowCount: null, rows: [] },
]

describe('a place in the outbox', () => {
  it('is asked of the database until an answer told it, and follows the ids', () => {
    const place = createOutboxPlace()
    for (let write = 0; write < 2; write += 1)
      expect(textOf(place, true)).toMatch(/INTO banyan\.outbox \(.*RETURNING id AS outbox_id, xid$/s)
    place.learn(answer('65535'))
    expect(textOf(place, false)).toContain('INTO banyan.outbox_0 ')
    place.learn(answer('65536'))
    expect(textOf(place, false, 3)).toContain('INTO banyan.outbox_1 ')
    place.learn(answer(`${5 * 65_536}`))
    expect(textOf(place, false)).toContain('INTO banyan.outbox_1 ')
  })

  it('stays where it is when an answer says nothing about it', () => {
    const place = createOutboxPlace()
    place.learn(answer('131072'))
    place.learn([{ command: 'INSERT', rowCount: 1, rows: [{ xid: '8' }] }])
    expect(textOf(place, false)).toContain('INTO banyan.outbox_2 ')
  })

  it.each([
    { count: 1, knowsXid: false, usual: / RETURNING xid$/ },
    { count: 2, knowsXid: false, usual: / RETURNING xid$/ },
    { count: 1, knowsXid: true, usual: /\$4\)$/ },
    { count: 2, knowsXid: true, usual: /ORDER BY place$/ },
  ])(
    'asks $count events for what is not known, and for the id now and then ($knowsXid)',
    ({ count, knowsXid, usual }) => {
      const place = createOutboxPlace()
      place.learn(answer('1'))
      for (let write = 1; write <= 3 * idEvery; write += 1)
        expect(textOf(place, knowsXid, count)).toMatch(
          write % idEvery === 0 ? / RETURNING id AS outbox_id, xid$/ : usual,
        )
    },
  )
})
