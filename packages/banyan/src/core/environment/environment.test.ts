import { describe, expect, it } from 'vitest'
import { Cancellation } from '../cancellation.ts'
import { createUuidv7, toHex } from './random.ts'
import { realEnvironment } from './real/index.ts'
import { Wheel } from './real/wheel.ts'
import { sleep, type TimerNode } from './timers.ts'
import { createVirtualEnvironment } from './virtual/index.ts'

const node = (dueMs: number, expire: () => void): TimerNode => ({ dueMs, nextTimer: null, previousTimer: null, expire })

describe('the timer wheel', () => {
  it('fires in time, not before, and not what was taken off', async () => {
    const wheel = new Wheel()
    const fired: string[] = []
    const startMs = performance.now()
    const kept = node(startMs + 25, () => fired.push('kept'))
    const removed = node(startMs + 25, () => fired.push('removed'))
    wheel.add(kept)
    wheel.add(removed)
    wheel.remove(removed)
    wheel.remove(removed)
    const elapsed = await new Promise<number>((resolve) => wheel.after(40, () => resolve(performance.now() - startMs)))
    expect(fired).toEqual(['kept'])
    expect(elapsed).toBeGreaterThanOrEqual(40)
  })

  it('lets a callback take off another timer of the same slot, and add one', async () => {
    const wheel = new Wheel()
    const dueMs = performance.now() + 15
    const fired: number[] = []
    const second = node(dueMs, () => fired.push(2))
    await new Promise<void>((resolve) => {
      wheel.add(
        node(dueMs, () => {
          fired.push(1)
          wheel.remove(second)
          wheel.after(0, resolve)
        }),
      )
      wheel.add(second)
    })
    expect(fired).toEqual([1])
  })
})

describe('uuidv7', () => {
  const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  it('sorts strictly, also within one millisecond and when the clock goes back', () => {
    let nowMs = 1_000
    const make = createUuidv7(
      () => nowMs,
      (length) => new Uint8Array(length).fill(255),
    )
    const ids = Array.from({ length: 10_000 }, (_, index) => {
      if (index === 5_000) nowMs -= 500
      return make()
    })
    expect(ids).toEqual([...ids].sort())
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids.slice(0, 50)) expect(id).toMatch(shape)
  })
  it('holds the time', () => {
    const { random, clock } = realEnvironment()
    const beforeMs = clock.now()
    const time = Number.parseInt(random.uuidv7().replaceAll('-', '').slice(0, 12), 16)
    expect(time).toBeGreaterThanOrEqual(beforeMs - 1)
    expect(time).toBeLessThanOrEqual(clock.now() + 5)
  })
  it('writes bytes as hexadecimal', () => expect(toHex(Uint8Array.of(0, 15, 255))).toBe('000fff'))
})

describe('the virtual environment', () => {
  it('runs to quiescence in no time, in the order of due times', async () => {
    const environment = createVirtualEnvironment()
    const order: string[] = []
    const { timers } = environment
    timers.after(3_600_000, () => order.push('hour'))
    timers.after(10, () => {
      order.push('ten')
      void sleep(timers, 50).then(() => order.push('sixty'))
    })
    await environment.quiesce()
    expect(order).toEqual(['ten', 'sixty', 'hour'])
    expect(environment.clock.monotonic()).toBe(3_600_000)
  })

  it('says when the work can never end', async () => {
    const environment = createVirtualEnvironment()
    await expect(environment.run(new Promise(() => {}))).rejects.toThrow('deadlock')
    const { timers } = environment
    const again = (): void => void timers.after(1_000, again)
    again()
    await expect(environment.run(new Promise(() => {}), 10_000)).rejects.toThrow('within 10000 ms')
    await expect(environment.quiesce(10_000)).rejects.toThrow('still set')
  })

  it('is the same for the same seed and another for another', () => {
    const draw = (seed: number): string => {
      const { random } = createVirtualEnvironment({ seed })
      return `${random.next()} ${random.uuidv7()}`
    }
    expect(draw(7)).toBe(draw(7))
    expect(draw(7)).not.toBe(draw(8))
  })

  it('ends a sleep at once when its signal is aborted', async () => {
    const environment = createVirtualEnvironment()
    const controller = new AbortController()
    environment.timers.after(5, () => controller.abort(new Error('enough')))
    await expect(environment.run(sleep(environment.timers, 1_000, controller.signal))).rejects.toThrow('enough')
    expect(environment.clock.monotonic()).toBe(5)
    await environment.quiesce()
    expect(environment.clock.monotonic()).toBe(5)
  })

  it('carries exchanges with latency, refuses unknown ports and loses what is cut', async () => {
    const environment = createVirtualEnvironment()
    const { network } = environment
    network.setLatency(10, 10)
    const server = await network.listen({
      host: 'a',
      port: 0,
      handler: (request, respond) => respond({ status: 200, headers: {}, body: request.target }),
    })
    const origin = `http://a:${server.port}`
    const answer = await environment.run(network.connect(origin).send({ method: 'GET', path: '/x?y', headers: {} }))
    expect(answer.text()).toBe('/x?y')
    expect(environment.clock.monotonic()).toBe(20)
    await expect(
      environment.run(network.connect('http://a:1').send({ method: 'GET', path: '/', headers: {} })),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'none',
      retryable: true,
    })
    await expect(network.listen({ host: 'a', port: server.port, handler: () => {} })).rejects.toMatchObject({
      reason: 'PORT_IN_USE',
    })
    network.cut(server.port)
    const cancellation = new Cancellation()
    cancellation.cancel(new Error('late'))
    await expect(
      network.connect(origin).send({ method: 'GET', path: '/', headers: {}, cancellation }),
    ).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(
      environment.run(network.connect(origin).send({ method: 'GET', path: '/', headers: {} }), 1_000),
    ).rejects.toThrow('deadlock')
  })

  it('keeps small documents', async () => {
    const { files } = createVirtualEnvironment()
    await files.writeText('d/b', '2')
    await files.writeText('d/a', '1')
    expect(await files.list('d')).toEqual(['a', 'b'])
    expect(await files.readText('d/a')).toBe('1')
    await files.remove('d/a')
    expect(await files.readText('d/a')).toBeUndefined()
  })
})
