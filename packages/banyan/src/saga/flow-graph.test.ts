/** Flows: what is missing, what caused what, and how it is said. */
import { describe, expect, it } from 'vitest'
import { type Expectation, FlowGraph, lateSince, toSentence, toWait } from './flow-graph.ts'

const expectations: readonly Expectation[] = [
  { after: 'orders.placed.v1', any: ['inventory.reserved.v1', 'inventory.refused.v1'], withinMs: 5_000 },
  { after: 'inventory.reserved.v1', any: ['payments.authorized.v1', 'payments.failed.v1'], withinMs: 30_000 },
]
const at = (id: string, type: string, timeMs: number, causationId?: string) => ({
  id,
  type,
  source: type.split('.', 1)[0] as string,
  timeMs,
  causationId,
})

describe('a flow', () => {
  it('knows what is missing, by when, and what was enough', () => {
    const graph = new FlowGraph(expectations)
    graph.add(at('e1', 'orders.placed.v1', 1_000))
    expect(graph.missing).toEqual([
      {
        after: 'orders.placed.v1',
        any: ['inventory.reserved.v1', 'inventory.refused.v1'],
        withinMs: 5_000,
        dueMs: 6_000,
      },
    ])
    graph.add(at('e2', 'inventory.refused.v1', 2_000, 'e1'))
    expect(graph.missing).toEqual([])
  })

  it('takes the answer before the question: two producers have no order between them', () => {
    const graph = new FlowGraph(expectations)
    graph.add(at('e3', 'payments.authorized.v1', 3_000, 'e2'))
    graph.add(at('e2', 'inventory.reserved.v1', 2_000, 'e1'))
    graph.add(at('e1', 'orders.placed.v1', 1_000))
    expect(graph.missing).toEqual([])
    expect(graph.nodes.map(({ id, causedBy }) => [id, causedBy?.id])).toEqual([
      ['e3', 'e2'],
      ['e2', 'e1'],
      ['e1', undefined],
    ])
  })

  it('takes an event that comes twice once', () => {
    const graph = new FlowGraph(expectations)
    for (let turn = 0; turn < 2; turn++) graph.add(at('e1', 'orders.placed.v1', 1_000))
    expect(graph.nodes).toHaveLength(1)
    expect(graph.missing).toHaveLength(1)
  })

  it('says it in a sentence', () => {
    const missing = {
      after: 'x',
      any: ['payments.authorized.v1', 'payments.failed.v2'],
      withinMs: 30_000,
      dueMs: 30_000,
    }
    const early = 'waiting for payments.authorized or payments.failed, expected within 30 s'
    expect(toSentence(missing, 30_000)).toBe(early)
    expect(toSentence(missing, 30_000 + 4 * 60_000 + 59_000)).toBe(`${early}, 4 min late`)
    expect(toSentence(missing, 30_500)).toBe(`${early}, 500 ms late`)
  })

  it('says beside its run what it waits for, and since when it is late', () => {
    const graph = new FlowGraph(expectations)
    expect(toWait(graph.missing, 0)).toBe('the end')
    graph.add(at('e2', 'inventory.reserved.v1', 0))
    graph.add(at('e1', 'orders.placed.v1', 1_000))
    const early = 'payments.authorized or payments.failed, expected within 30 s'
    expect(toWait(graph.missing, 29_999)).toBe(early)
    expect(toWait(graph.missing, 30_000)).toBe(`late since 1970-01-01T00:00:30.000Z: ${early}`)
  })

  it('is late by what its run says, and nothing else is', () => {
    expect(lateSince(['wait late since 2026-01-01T00:00:30.000Z: a.b, expected within 1 s'])).toBe(
      '2026-01-01T00:00:30.000Z',
    )
    const others = [
      'wait a.b, expected within 1 s',
      'wait the end',
      'sleep late since 2026-01-01T00:00:30.000Z: x',
      'wait late since <b>: x',
    ]
    for (const one of others) expect(lateSince([one])).toBeUndefined()
    expect(lateSince([])).toBeUndefined()
  })
})
