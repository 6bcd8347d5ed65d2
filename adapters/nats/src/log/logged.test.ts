/** Messages of others as events. */
import { headers } from '@nats-io/transport-node'
import { fromEnvelope, maxEventBytes } from 'banyan/bus'
import { timeOfEventId } from 'banyan/store'
import { describe, expect, it } from 'vitest'
import { createNames } from '../names.ts'
import { createLogged } from './logged.ts'
import { isUuid, type StoredMessage, toHeaders } from './message.ts'

const toLogged = createLogged(createNames('shop'), 'orders')
const type = 'orders.placed.v1'
const eventId = '01900000-0000-7000-8000-00000000002a'

function envelopeOf(attributes: Record<string, unknown> = {}): string {
  const time = '2026-01-01T00:00:00Z'
  return JSON.stringify({
    specversion: '1.0',
    id: 'theirs',
    source: '/x',
    type,
    subject: 'k1',
    time,
    data: {},
    ...attributes,
  })
}

function message(data: string | Uint8Array, given: Partial<StoredMessage> = {}): StoredMessage {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  return {
    seq: 7,
    subject: `shop.orders.${type}`,
    timeMs: 1_700_000_000_000,
    headers: undefined,
    data: bytes,
    ...given,
  }
}

function relayHeaders(after: number): ReturnType<typeof headers> {
  const made = toHeaders({ id: eventId, type, key: 'k ü', envelope: '' }, { id: eventId, epoch: 3 })
  made.set('Nats-Expected-Last-Sequence', `${after}`)
  return made
}

describe('an event of a relay', () => {
  it('comes out as it went in', () => {
    const envelope = envelopeOf({ id: eventId, subject: 'k ü' })
    const event = toLogged(message(envelope, { headers: relayHeaders(6) }))
    expect(event).toEqual({ id: eventId, type, key: 'k ü', envelope, source: 'orders', offset: 7 })
  })

  it('is foreign when it was copied to another place', () => {
    const event = toLogged(message('garbage', { headers: relayHeaders(5) }))
    expect(event.id).not.toBe(eventId)
    expect(event.key).toBe('k ü')
  })

  it('is foreign when its text was broken on the way', () => {
    const event = toLogged(message(Uint8Array.of(0x7b, 0xff), { headers: relayHeaders(6) }))
    expect(event.id).not.toBe(eventId)
  })
})

describe('a message of somebody else', () => {
  const unusable: [string, string | Uint8Array, RegExp][] = [
    ['nothing at all', '', /JSON text/],
    ['no JSON', 'hello', /JSON text.*hello/],
    ['JSON that is no object', '[1]', /JSON object/],
    ['an envelope without its attributes', '{"id":1}', /specversion/],
    ['broken UTF-8', Uint8Array.of(0x7b, 0xc3, 0x28), /not UTF-8/],
    [
      'broken UTF-8 inside a string of JSON',
      Buffer.concat([Buffer.from('{"a":"'), Uint8Array.of(0xff), Buffer.from('"}')]),
      /not UTF-8/,
    ],
    ['NUL bytes', '{"a":"\0"}', /NUL/],
    ['the type of another subject', envelopeOf({ type: 'orders.cancelled.v1' }), /type is not the subject/],
    ['too many bytes', envelopeOf({ data: 'x'.repeat(maxEventBytes) }), /over 262144/],
    ['bytes that are too many and no text', new Uint8Array(maxEventBytes + 1), /over 262144/],
  ]
  it.each(unusable)('with %s is refused by whoever opens it, with the reason', (_, data, reason) => {
    const event = toLogged(message(data))
    expect(() => fromEnvelope(event.envelope)).toThrow(reason)
    expect(event).toMatchObject({ type, source: 'orders', offset: 7 })
    expect(isUuid(event.id)).toBe(true)
    expect(event.envelope).not.toContain('\0')
    expect(event.envelope.isWellFormed()).toBe(true)
  })

  it('has an id of its own that is always the same, with the time it was stored', () => {
    const [one, again, next] = [message('x'), message('x'), message('x', { seq: 8 })].map((given) => toLogged(given).id)
    expect(one).toBe(again)
    expect(one).not.toBe(next)
    expect(timeOfEventId(one as string)).toBe(1_700_000_000_000)
  })

  it('is an event when it is a true CloudEvent, under its own id when that is a UUID', () => {
    const envelope = envelopeOf({ id: eventId })
    expect(toLogged(message(envelope))).toEqual({ id: eventId, type, key: 'k1', envelope, source: 'orders', offset: 7 })
    expect(isUuid(toLogged(message(envelopeOf())).id)).toBe(true)
  })

  it.each([
    [
      'a header',
      (() => {
        const made = headers()
        made.set('Banyan-Key', 'k%20h')
        return made
      })(),
      'k h',
    ],
    [
      'a header that no database takes',
      (() => {
        const made = headers()
        made.set('Banyan-Key', 'k%00')
        return made
      })(),
      `shop.orders.${type} 7`,
    ],
    [
      'a header that is no percent-encoding',
      (() => {
        const made = headers()
        made.set('Banyan-Key', '%E0%A4%A')
        return made
      })(),
      `shop.orders.${type} 7`,
    ],
    ['no header', undefined, `shop.orders.${type} 7`],
  ])('takes its key from %s', (_, given, key) => {
    expect(toLogged(message('x', { headers: given })).key).toBe(key)
  })

  it('has a key and a type that every store takes, whatever its subject', () => {
    for (const rest of ['=00', '=ff', `${'y'.repeat(600)}`, 'a..b', '=']) {
      const event = toLogged(message('x', { subject: `shop.orders.${rest}` }))
      for (const text of [event.key, event.type]) expect(text).toMatch(/^[^\p{Cc}]{1,512}$/u)
    }
  })
})
