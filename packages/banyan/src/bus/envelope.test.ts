import { describe, expect, it } from 'vitest'
import { BanyanError } from '../core/error.ts'
import { type EventFacts, fromEnvelope, maxEventBytes, toNewEvent } from './envelope.ts'

const facts: EventFacts = {
  id: '019b76da-a800-7000-8000-000000000001',
  system: 'shop',
  service: 'orders',
  type: 'orders.placed.v1',
  key: 'o-1',
  timeMs: 1_767_225_600_123,
  data: { orderId: 'o-1', total: { amount: 1_200, currency: 'EUR' } },
}
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

function refusal(work: () => unknown): BanyanError {
  try {
    work()
  } catch (error) {
    if (error instanceof BanyanError) return error
    throw error
  }
  throw new Error('expected a refusal')
}
const changed = (change: Record<string, unknown>): string =>
  JSON.stringify({ ...JSON.parse(toNewEvent(facts).envelope), ...change })

describe('an envelope', () => {
  it('is CloudEvents 1.0 in structured JSON mode', () => {
    const event = toNewEvent({
      ...facts,
      traceparent,
      tracestate: 'a=1',
      correlationId: 'c-1',
      causationId: 'call-1',
    })
    expect(event).toMatchObject({ id: facts.id, type: 'orders.placed.v1', key: 'o-1' })
    expect(JSON.parse(event.envelope)).toEqual({
      specversion: '1.0',
      id: facts.id,
      source: '/shop/orders',
      type: 'orders.placed.v1',
      subject: 'o-1',
      partitionkey: 'o-1',
      time: '2026-01-01T00:00:00.123Z',
      datacontenttype: 'application/json',
      traceparent,
      tracestate: 'a=1',
      correlationid: 'c-1',
      causationid: 'call-1',
      data: facts.data,
    })
    for (const name of Object.keys(JSON.parse(event.envelope))) expect(name).toMatch(/^[a-z0-9]{1,20}$/)
  })

  it('comes back as it went', () => {
    const { envelope } = toNewEvent({ ...facts, traceparent, correlationId: 'c-1' })
    expect(fromEnvelope(envelope)).toEqual(JSON.parse(envelope))
    expect(fromEnvelope(toNewEvent({ ...facts, data: null }).envelope).data).toBeNull()
  })

  it.each([
    ['key', '', /'partitionkey' of an event has 1 to 512 characters; found ""/],
    ['key', 'x'.repeat(513), /'partitionkey' of an event has 1 to 512 characters; found "x{40}…"/],
    ['key', 'a\u0000b', /'partitionkey' of an event has no control characters/],
    ['key', 'a\ud800', /'partitionkey' of an event has no control characters/],
    ['key', 7, /'partitionkey' of an event is a text; found number 7/],
    ['type', '', /'type' of an event has 1 to 255 characters/],
    ['id', '', /'id' of an event has 1 to 255 characters/],
    ['data', undefined, /'data' of an event is there; found nothing/],
    ['data', { n: 1n }, /'data' of an event is plain JSON; found an object/],
  ])('is not made with a bad %s: %o', (name, value, message) => {
    const error = refusal(() => toNewEvent({ ...facts, [name]: value } as EventFacts))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'BAD_ENVELOPE' })
    expect(error.message).toMatch(message)
  })

  it.each([
    ['specversion', '0.3', /'specversion' of an event is '1.0'; found "0.3"/],
    ['id', undefined, /'id' of an event is a text; found nothing/],
    ['source', 1, /'source' of an event is a text; found number 1/],
    ['type', null, /'type' of an event is a text; found null/],
    ['subject', undefined, /'subject' of an event is a text; found nothing/],
    ['partitionkey', [], /'partitionkey' of an event is a text; found an array/],
    ['time', 'yesterday', /'time' of an event is an RFC 3339 time; found "yesterday"/],
    ['time', '2026-13-01T00:00:00Z', /'time' of an event is an RFC 3339 time/],
    ['datacontenttype', 'text/xml', /'datacontenttype' of an event is application\/json; found "text\/xml"/],
    ['data', undefined, /'data' of an event is there; found nothing/],
    ['correlationid', {}, /'correlationid' of an event is a text; found an object/],
  ])('is not read with a bad %s: %o', (name, value, message) => {
    const error = refusal(() => fromEnvelope(changed({ [name]: value })))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'BAD_ENVELOPE', issues: [{ path: `/${name}` }] })
    expect(error.message).toMatch(message)
  })

  it.each(['', '{', '[]', 'null', '"text"', '7'])('is not read from %o', (text) => {
    expect(refusal(() => fromEnvelope(text)).message).toMatch(/^the envelope of an event is a JSON (text|object)/)
  })

  it('takes the subject for the partition key, and JSON for the content type, where they are left out', () => {
    const text = changed({ partitionkey: undefined, datacontenttype: undefined })
    expect(fromEnvelope(text)).toMatchObject({ partitionkey: 'o-1', datacontenttype: 'application/json' })
  })

  it('leaves out a malformed trace, as W3C says, and keeps the event', () => {
    for (const bad of ['', '00-0-0-01', `ff${traceparent.slice(2)}`, 7, `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])
      expect(fromEnvelope(changed({ traceparent: bad, tracestate: 'a=1' }))).not.toHaveProperty('traceparent')
    const long = fromEnvelope(changed({ traceparent, tracestate: 'a'.repeat(513) }))
    expect(long).toMatchObject({ traceparent })
    expect(long).not.toHaveProperty('tracestate')
  })

  it('takes no property for an attribute that its object does not have itself', () => {
    expect(refusal(() => fromEnvelope('{"__proto__":{"specversion":"1.0","id":"x"}}')).message).toMatch(/specversion/)
  })

  it('has at most 256 KiB of UTF-8, made or read', () => {
    const overhead = Buffer.byteLength(toNewEvent({ ...facts, data: '' }).envelope)
    const fits = (maxEventBytes - overhead) / 2
    const full = toNewEvent({ ...facts, data: 'ü'.repeat(Math.floor(fits)) }).envelope
    expect(Buffer.byteLength(full)).toBeLessThanOrEqual(maxEventBytes)
    fromEnvelope(full)
    const over = 'ü'.repeat(Math.floor(fits) + 1)
    expect(refusal(() => toNewEvent({ ...facts, data: over }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'EVENT_TOO_LARGE',
    })
    expect(refusal(() => fromEnvelope(changed({ data: over }))).reason).toBe('EVENT_TOO_LARGE')
  })
})
