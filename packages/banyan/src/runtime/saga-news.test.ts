/** What a process has heard of runs: ends are told to who waits, once they are written, and nothing is kept. */
import { describe, expect, it } from 'vitest'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createMemoryStore } from '../store/memory/memory-store.ts'
import type { NewSaga, SagaWrite } from '../store/sagas.ts'
import { recentStartMs, SagaNews } from './saga-news.ts'

const holder = 'here#1'
const patient = { follow: () => undefined, unfollow: () => undefined }
const toSaga = (id: string): NewSaga => ({
  id,
  name: 'checkout',
  version: 1,
  key: 'o-1',
  run: 1,
  input: '{}',
  priority: 'normal',
  timeoutMs: undefined,
  correlations: [],
  parent: undefined,
  traceparent: undefined,
  startedBy: 'test',
})
const toEnd = (id: string, epoch = 1): SagaWrite => ({
  id,
  epoch,
  holder,
  entries: [],
  change: { to: 'completed', outcome: '{"ok":7}' },
})

async function createScene() {
  const environment = createVirtualEnvironment({ seed: 1 })
  const news = new SagaNews(environment)
  const { sagas } = createMemoryStore({ environment, service: 'orders' })
  const heard = news.hear(sagas)
  const id = environment.random.uuidv7()
  await sagas.beat(holder, 60_000, new Map())
  await heard.start([toSaga(id)], holder)
  return { environment, news, sagas, heard, id }
}

describe('news of sagas', () => {
  it('tells who waits what came of a run that is ended here', async () => {
    const { environment, news, heard, id } = await createScene()
    const waiting = news.wait(id, 60_000, patient)
    await environment.run(heard.write([toEnd(id)]))
    expect(await environment.run(waiting)).toEqual({ state: 'completed', outcome: '{"ok":7}' })
  })
  it('says nothing of a write that was fenced', async () => {
    const { environment, news, heard, id } = await createScene()
    const waiting = news.wait(id, 1_000, patient)
    expect(await environment.run(heard.write([toEnd(id, 9)]))).toEqual(['fenced'])
    await environment.advance(1_100)
    expect(await waiting).toBeUndefined()
  })
  it('wakes who waits when the end was written in another way, without what came of it', async () => {
    const { environment, news, sagas, id } = await createScene()
    const waiting = news.wait(id, 60_000, patient)
    await sagas.mend(id, 0, [], 'undone', '{"error":{}}')
    expect(await environment.run(waiting)).toBeUndefined()
    expect(environment.clock.monotonic()).toBeLessThan(1_000)
  })
  it('rejects when who waits gives up', async () => {
    const { news, id } = await createScene()
    let giveUp: ((reason: unknown) => void) | undefined
    const waiting = news.wait(id, 60_000, {
      follow: (follower) => {
        giveUp = (reason) => follower.cancel(reason)
      },
      unfollow: () => undefined,
    })
    giveUp?.(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
  })
  it('remembers a start for a moment, and not once the run has ended here', async () => {
    const { environment, news, heard, id } = await createScene()
    news.started('checkout', 'o-1', id)
    expect(news.recent('checkout', 'o-1')).toBe(id)
    await environment.advance(recentStartMs + 100)
    expect(news.recent('checkout', 'o-1')).toBeUndefined()
    news.started('checkout', 'o-1', id)
    await environment.run(heard.write([toEnd(id)]))
    expect(news.recent('checkout', 'o-1')).toBeUndefined()
  })
})
