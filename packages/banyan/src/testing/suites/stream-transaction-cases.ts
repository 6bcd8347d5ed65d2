/** Appends in transactions, and beside them: a part of the contract of the event store (event-store-suite.ts). */
import { expect, it } from 'vitest'
import type { Appended, EventStore, NewStreamEvent } from '../../store/event-store.ts'
import type { Store } from '../../store/store.ts'
import { gate, rejection } from './sample.ts'
import { factLabels, sampleFact } from './stream-facts.ts'

/** Declares the cases; `store` is the one of the test that runs. */
export function appendsInTransactions(store: () => Store): void {
  const facts = (...labels: string[]): NewStreamEvent[] => labels.map(sampleFact)
  const labelsOf = async (stream: string): Promise<string[]> => factLabels((await store().streams.read(stream)).events)
  const add = (
    stream: string,
    expected: Parameters<EventStore['append']>[2]['expected'],
    ...labels: string[]
  ): Promise<Appended> => store().streams.append(stream, facts(...labels), { expected })

  /** A transaction that has appended and goes on when `finish` opens; with an error it rolls back then. */
  const underWay = async (label: string, error?: Error) => {
    const [appended, finish] = [gate(), gate()]
    const first = store().transact(async (tx) => {
      await tx.streams.append('a-1', facts(label), { expected: 'none' })
      appended.open()
      await finish.opened
      if (error !== undefined) throw error
    })
    await appended.opened
    return { first, finish }
  }

  it('is seen inside at once, outside when it commits, and nowhere when it does not', async () => {
    const [appended, finish] = [gate(), gate()]
    const work = store().transact(async (tx) => {
      await tx.streams.append('a-1', facts('x'), { expected: 'none' })
      await tx.streams.append('a-1', facts('y'), { expected: 1 })
      expect(factLabels((await tx.streams.read('a-1')).events)).toEqual(['x', 'y'])
      appended.open()
      await finish.opened
    })
    await appended.opened
    expect(await labelsOf('a-1')).toEqual([])
    finish.open()
    await work
    expect(await labelsOf('a-1')).toEqual(['x', 'y'])
    const failing = store().transact(async (tx) => {
      await tx.streams.append('a-1', facts('z'), { expected: 2 })
      throw new Error('no')
    })
    await rejection(failing)
    expect(await labelsOf('a-1')).toEqual(['x', 'y'])
    expect(await add('a-1', 2, 'after')).toMatchObject({ version: 3 })
  })

  it('waits for a writer under way, and can go on after the conflict', async () => {
    const { first, finish } = await underWay('first')
    const second = store().transact(async (tx) => {
      const error = await rejection(tx.streams.append('a-1', facts('second'), { expected: 'none' }))
      expect(error).toMatchObject({ reason: 'VERSION_CONFLICT', details: { actual: 1 } })
      expect(factLabels((await tx.streams.read('a-1')).events)).toEqual(['first'])
      await tx.streams.append('a-1', facts('second'), { expected: 1 })
    })
    finish.open()
    await Promise.all([first, second])
    expect(await labelsOf('a-1')).toEqual(['first', 'second'])
  })

  it.each([1, 2])('an append of %i alone comes after a writer that has rolled back', async (count) => {
    const { first, finish } = await underWay('lost', new Error('no'))
    const kept = ['kept', 'too'].slice(0, count)
    const second = add('a-1', 'none', ...kept)
    finish.open()
    await rejection(first)
    expect(await second).toMatchObject({ version: count })
    expect(await labelsOf('a-1')).toEqual(kept)
  })

  it.each([1, 2])('an append of %i alone waits for a writer under way, and loses to it', async (count) => {
    const { first, finish } = await underWay('first')
    const second = rejection(add('a-1', 'none', ...['lost', 'too'].slice(0, count)))
    finish.open()
    await first
    expect(await second).toMatchObject({ reason: 'VERSION_CONFLICT', details: { actual: 1 } })
    expect(await labelsOf('a-1')).toEqual(['first'])
  })

  it('two that wait for each other do not wait for ever', async () => {
    const [one, other] = [gate(), gate()]
    const cross = (mine: string, theirs: string, done: typeof one, wait: typeof one): Promise<unknown> =>
      store().transact(async (tx) => {
        await tx.streams.append(`a-${mine}`, facts(mine), { expected: 'any' })
        done.open()
        await wait.opened
        await tx.streams.append(`a-${theirs}`, facts(mine), { expected: 'any' })
      })
    const ended = await Promise.allSettled([cross('1', '2', one, other), cross('2', '1', other, one)])
    for (const { status, reason } of ended as { status: string; reason?: unknown }[])
      if (status === 'rejected') expect(reason).toMatchObject({ code: 'ABORTED', retryable: true })
    expect(ended.some(({ status }) => status === 'fulfilled')).toBe(true)
  })

  it('is refused in a read-only transaction, which may read', async () => {
    await add('a-1', 'none', 'x')
    const work = store().transact(
      async (tx) => {
        expect(factLabels((await tx.streams.read('a-1')).events)).toEqual(['x'])
        await tx.streams.append('a-1', facts('y'), { expected: 1 })
      },
      { readOnly: true },
    )
    expect(await rejection(work)).toMatchObject({ reason: 'READ_ONLY' })
  })
}
