// Headers that belong to every answer whatever the route: request id, trace context, and no word to other origins. They
// are asked of the cheapest query, for the gateway adds them and no service knows of them.

import { describe, expect, it } from 'vitest'
import type { Subject } from './subject.ts'

export function headerCases(subject: () => Subject): void {
  describe('headers', () => {
    it('carry the request id there and back, and one is made when none came', async () => {
      const { shop } = subject()
      const own = await shop.send('GET', '/products?limit=1', { headers: { 'x-request-id': 'my-request-7' } })
      expect(own.headers.get('x-request-id')).toBe('my-request-7')
      const made = await shop.send('GET', '/products?limit=1')
      expect(made.headers.get('x-request-id')).toMatch(/\S{8,}/)
      expect((await shop.send('GET', '/nothing')).headers.get('x-request-id')).toMatch(/\S{8,}/)
    })

    it('continue the trace of the caller, and begin one when the caller has none or sends rubbish', async () => {
      const { shop } = subject()
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
      const trace = async (headers: Record<string, string>): Promise<string> =>
        (await shop.send('GET', '/products?limit=1', { headers })).headers.get('traceparent') ?? ''
      const continued = await trace({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
      expect(continued).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-[0-9a-f]{2}$`))
      for (const headers of [{}, { traceparent: 'rubbish' }]) {
        expect(await trace(headers)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
      }
    })

    it('let no other origin in', async () => {
      const answer = await subject().shop.send('GET', '/products?limit=1', {
        headers: { origin: 'https://evil.example' },
      })
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    })
  })
}
