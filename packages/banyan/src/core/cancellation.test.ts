import { describe, expect, it } from 'vitest'
import { type Cancellable, Cancellation, CancelScope, followSignal } from './cancellation.ts'

function createParty(): Cancellable & { readonly heard: unknown[] } {
  const heard: unknown[] = []
  return { heard, cancel: (reason) => void heard.push(reason) }
}

describe('a cancellation', () => {
  it('tells its one party, once, and why', () => {
    const cancellation = new Cancellation()
    const [first, second] = [createParty(), createParty()]
    cancellation.listen(first)
    cancellation.listen(second)
    cancellation.cancel('late')
    cancellation.cancel('later')
    expect([first.heard, second.heard]).toEqual([[], ['late']])
    expect([cancellation.cancelled, cancellation.reason]).toEqual([true, 'late'])
  })

  it('tells a party that comes after it, and none that has let go', () => {
    const cancellation = new Cancellation()
    const [gone, late] = [createParty(), createParty()]
    cancellation.listen(gone)
    cancellation.listen(undefined)
    cancellation.cancel('late')
    cancellation.listen(late)
    expect([gone.heard, late.heard]).toEqual([[], ['late']])
  })
})

describe('a scope', () => {
  it('tells all who follow, also other scopes and signals, and none who has left', () => {
    const [parent, child] = [new CancelScope(), new CancelScope()]
    const [one, left, late] = [createParty(), createParty(), createParty()]
    parent.follow(child)
    parent.follow(one)
    parent.follow(left)
    parent.unfollow(left)
    const { signal } = child
    parent.cancel('enough')
    parent.cancel('again')
    parent.follow(late)
    expect([one.heard, left.heard, late.heard]).toEqual([['enough'], [], ['enough']])
    expect([signal.aborted, signal.reason]).toEqual([true, 'enough'])
  })

  it('gives a signal that is aborted already when it is over', () => {
    const scope = new CancelScope()
    scope.cancel('over')
    expect(scope.signal.reason).toBe('over')
  })

  it('lets a follower leave while it is told', () => {
    const scope = new CancelScope()
    const other = createParty()
    scope.follow({ cancel: () => scope.unfollow(other) })
    scope.follow(other)
    scope.cancel('enough')
    expect(other.heard).toEqual([])
  })
})

it('a signal cancels who follows it, now or later', () => {
  const controller = new AbortController()
  const [before, after] = [createParty(), createParty()]
  followSignal(controller.signal, before)
  controller.abort('gone')
  followSignal(controller.signal, after)
  expect([before.heard, after.heard]).toEqual([['gone'], ['gone']])
})
