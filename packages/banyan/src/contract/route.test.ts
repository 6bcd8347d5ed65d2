import { expect, test } from 'vitest'
import { parsePath, parseRoute } from './index.ts'

test('a route, taken apart', () => {
  expect(parseRoute('PUT /orders/:orderId/lines/:line')).toEqual({
    method: 'PUT',
    path: '/orders/:orderId/lines/:line',
    segments: [{ literal: 'orders' }, { parameter: 'orderId' }, { literal: 'lines' }, { parameter: 'line' }],
    parameters: ['orderId', 'line'],
  })
  expect(parseRoute('GET /')).toMatchObject({ segments: [], parameters: [] })
})

test.each([
  ['FETCH /a', /is no route: write a method \(GET, POST, PUT, PATCH, DELETE\)/],
  ['GET a', /must start with '\/'/],
  ['get /a', /is no route/],
  ['GET  /a', /is no route/],
  ['GET /a b', /is no route/],
  ['GET /a/', /empty segment/],
  ['GET //a', /empty segment/],
  ['GET /a/../b', /'\.' or '\.\.'/],
  ['GET /:a/:a', /has the parameter ':a' twice/],
  ['GET /a?b=c', /segment 'a\?b=c'/],
  ['GET /a/:b-c', /segment ':b-c'/],
  ['GET /a/{b}', /segment '\{b\}'/],
  ['GET /%2e%2e', /segment '%2e%2e'/],
])('%s is refused', (route, problem) => {
  expect(parseRoute(route)).toMatch(problem)
})

test('a location is a path', () => {
  expect(parsePath('/orders/:orderId')).toEqual([{ literal: 'orders' }, { parameter: 'orderId' }])
  expect(parsePath('orders')).toMatch(/must start with/)
})
