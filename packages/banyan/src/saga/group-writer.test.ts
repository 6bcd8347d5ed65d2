/** Group commit: what is ready together goes together, and one bad write holds nobody up. */
import { describe, expect, it } from 'vitest'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { BanyanError } from '../core/error.ts'
import type { NewSaga, SagaStarted, SagaWrite } from '../store/sagas.ts'
import { away, never } from './fixtures/sagas.ts'
import { commitTimeoutMs, createGroupWriter, maxGroup, maxStartsWaiting } from './group-writer.ts'

const write = (id: string): SagaWrite => ({ id, epoch: 1, holder: 'one#1', entries: [] })

function rig(commit: (ids: readonly string[]) => Promise<void>, mayRepeat = () => true) {
  const environment = createVirtualEnvironment()
  const commits: string[][] = []
  const sagas = {
    async write(writes: readonly SagaWrite[]) {
      const ids = writes.map(({ id }) => id)
      commits.push(ids)
      await commit(ids)
      return ids.map(() => 'written' as const)
    },
    start: async (sagas: readonly NewSaga[]) => sagas.map(({ id }) => ({ id }) as SagaStarted),
  }
  return { environment, commits, writer: createGroupWriter({ environment, sagas, holder: 'one#1', mayRepeat }) }
}

describe('the group writer', () => {
  it('commits together what is ready together, within its bound', async () => {
    const { environment, commits, writer } = rig(async () => undefined)
    const all = Array.from({ length: maxGroup + 10 }, (_, n) => writer.write(write(`${n}`)))
    await environment.run(Promise.all(all))
    expect(commits.map((ids) => ids.length)).toEqual([maxGroup, 10])
  })

  it('refuses starts beyond its bound, and takes them again once there is room', async () => {
    const { environment, writer } = rig(async () => undefined)
    const start = (n: number) => writer.start({ id: `${n}` } as NewSaga, n % 2 === 0)
    const all = Array.from({ length: maxStartsWaiting }, (_, n) => start(n))
    await expect(start(maxStartsWaiting)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'SAGA_STARTS_FULL',
      retryable: true,
    })
    await environment.run(Promise.all(all))
    expect(await environment.run(start(0))).toEqual({ id: '0' })
  })

  it('repeats a refused group one by one: one bad write fails alone', async () => {
    const bad = new BanyanError('INVALID_ARGUMENT', 'bad')
    const { environment, writer } = rig(async (ids) => {
      if (ids.includes('bad')) throw bad
    })
    const all = Promise.allSettled(['a', 'bad', 'c'].map((id) => writer.write(write(id))))
    const ends = await environment.run(all)
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(writer.counts).toEqual({ commits: 4, writes: 3 })
  })

  it('repeats a group as it is through an outage, and gives up when the lease is over', async () => {
    let left = 3
    const { environment, commits, writer } = rig(async () => {
      if (left-- > 0) throw away()
    })
    await environment.run(Promise.all(['a', 'b'].map((id) => writer.write(write(id)))))
    expect(commits).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ])
    const over = rig(
      async () => {
        throw away()
      },
      () => false,
    )
    await expect(over.environment.run(over.writer.write(write('a')))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('does not wait for ever for an answer that does not come', async () => {
    let first = true
    const { environment, commits, writer } = rig(async () => {
      if (!first) return
      first = false
      await never()
    })
    await environment.run(writer.write(write('a')))
    expect(commits).toHaveLength(2)
    expect(environment.clock.monotonic()).toBeGreaterThanOrEqual(commitTimeoutMs)
  })
})
