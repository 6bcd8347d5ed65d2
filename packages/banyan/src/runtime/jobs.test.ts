import { beforeEach, describe, expect, it } from 'vitest'
import { defineContract, query, t } from '../contract/index.ts'
import { startTestSystem, type TestSystem } from '../testing/index.ts'
import { defineService } from './define-service.ts'
import { defineSystem } from './define-system.ts'

const Clock = defineContract('clock', {
  version: '1.0.0',
  owner: 'x',
  operations: { runs: query({ input: t.Object({}), output: t.Object({ runs: t.Integer() }) }) },
})

let began: number[] = []
let ended = 0
let aborted = 0
let how: 'quick' | 'slow' | 'broken' = 'quick'

const clock = defineService(Clock, {
  operations: { runs: () => ({ runs: began.length }) },
  jobs: [
    {
      name: 'tick',
      everyMs: 1_000,
      async run(ctx) {
        began.push(ctx.now())
        if (how === 'broken') throw new Error('broken')
        try {
          if (how === 'slow') await ctx.sleep(5_000)
          ended++
        } catch {
          aborted++
        }
      },
    },
  ],
})
const system = defineSystem({ name: 'test', services: [clock] })

describe('a job', () => {
  let test: TestSystem
  beforeEach(async () => {
    began = []
    ended = 0
    aborted = 0
    how = 'quick'
    test = await startTestSystem(system, { shape: 'one' })
    return () => test.stop()
  })
  const stop = (drainMs: number) => test.environment.run(test.hosts[0]?.stop({ drainMs }) as Promise<unknown>)

  it('runs at its interval', async () => {
    await test.advance(3_500)
    expect(await test.call(Clock.runs, {})).toEqual({ runs: 3 })
  })

  it('never runs twice at a time: the interval begins when a run has ended', async () => {
    how = 'slow'
    await test.advance(13_500)
    expect(began.map((ms) => ms - (began[0] as number))).toEqual([0, 6_000, 12_000])
  })

  it('that fails is tried again at the next interval', async () => {
    how = 'broken'
    await test.advance(2_500)
    expect(began).toHaveLength(2)
  })

  it('may end when the host stops, and is told to when the time for that is over', async () => {
    how = 'slow'
    await test.advance(1_500)
    await stop(10_000)
    expect([began.length, ended, aborted]).toEqual([1, 1, 0])
  })

  it('is aborted at the drain deadline', async () => {
    how = 'slow'
    await test.advance(1_500)
    await stop(1_000)
    expect([began.length, ended, aborted]).toEqual([1, 0, 1])
    await test.advance(10_000)
    expect(began).toHaveLength(1)
  })
})
