import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { createVirtualEnvironment, type VirtualEnvironment } from 'banyan/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { insist, insistence } from './insist.ts'

const nobodyLeads = (): Error => new errors.NoRespondersError('subject')
const never = new Promise<never>(() => undefined)

describe('insisting', () => {
  let environment: VirtualEnvironment
  let asked: number[]
  beforeEach(() => {
    environment = createVirtualEnvironment()
    asked = []
  })
  const ask = <Result>(repeatable: boolean, answer: (times: number) => Promise<Result>, withinMs = 5_000) => {
    const began = environment.clock.monotonic()
    const asking = insist({ environment, withinMs, repeatable }, () => {
      asked.push(Math.round(environment.clock.monotonic() - began))
      return answer(asked.length)
    })
    return asking.answer.then(
      (value) => ({ value, error: undefined }),
      (error: unknown) => ({ value: undefined, error }),
    )
  }

  it('takes the answer, and asks no more', async () => {
    const answered = ask(true, async () => 'here')
    await environment.advance(10_000)
    expect([await answered, asked]).toEqual([{ value: 'here', error: undefined }, [0]])
  })

  it('asks again while nobody answers, and takes the first answer, to whichever question', async () => {
    const first = Promise.withResolvers<string>()
    const answered = ask(true, (times) => (times === 1 ? first.promise : times < 4 ? never : Promise.resolve('led')))
    await environment.advance(insistence.firstMs + 2 * insistence.laterMs + 50)
    expect(await answered).toMatchObject({ value: 'led' })
    expect(asked).toHaveLength(4)
    const late = ask(true, (times) => (times === 5 ? first.promise : never))
    await environment.advance(insistence.firstMs + 20)
    first.resolve('late but there')
    expect(await late).toMatchObject({ value: 'late but there' })
  })

  it('asks again when nobody leads, a bounded number of times, and then says so', async () => {
    const answered = ask(true, async () => Promise.reject(nobodyLeads()))
    await environment.advance(5_100)
    expect((await answered).error).toBeInstanceOf(errors.NoRespondersError)
    expect(asked.length).toBeLessThanOrEqual(12)
    await environment.advance(10_000)
    expect(asked.length).toBeLessThanOrEqual(12)
  })

  it('says that there was no answer when nothing came at all', async () => {
    const answered = ask(true, () => never)
    await environment.advance(5_100)
    expect((await answered).error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'none' })
  })

  it('takes a refusal for an answer', async () => {
    const refused = new JetStreamApiError({ code: 404, err_code: 10_059, description: 'stream not found' })
    const answered = ask(true, async () => Promise.reject(refused))
    await environment.advance(5_000)
    expect([(await answered).error, asked]).toEqual([refused, [0]])
  })

  it('takes a cluster without a leader for none', async () => {
    const away = new JetStreamApiError({ code: 503, err_code: 10_008, description: 'temporarily unavailable' })
    const answered = ask(true, (times) => (times < 3 ? Promise.reject(away) : Promise.resolve('led')))
    await environment.advance(5_000)
    expect(await answered).toMatchObject({ value: 'led' })
  })

  it('does not repeat what may have been done: only what nobody was there to do', async () => {
    const silent = ask(false, () => never)
    await environment.advance(4_900)
    expect(asked).toEqual([0])
    void silent
    asked = []
    const refused = ask(false, (times) => (times < 3 ? Promise.reject(nobodyLeads()) : Promise.resolve('done')))
    await environment.advance(2_000)
    expect(await refused).toMatchObject({ value: 'done' })
    asked = []
    const lost = ask(false, () => Promise.reject(new errors.TimeoutError()))
    await environment.advance(1_000)
    expect((await lost).error).toBeInstanceOf(errors.TimeoutError)
    expect(asked).toEqual([0])
  })
})
