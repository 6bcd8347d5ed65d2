// Bounded in bytes: the socket is paused above the bound, goes on below half of it.
import { expect, test } from 'vitest'
import { type Frame, FrameQueue } from './frame-queue.ts'

const frame = (bytes: number): Frame => ({ kind: 'message', message: { kind: 'other' }, bytes })

function createValve(): { open: boolean; turns: number; pause(): void; resume(): void } {
  return {
    open: true,
    turns: 0,
    pause() {
      this.open = false
      this.turns += 1
    },
    resume() {
      this.open = true
    },
  }
}

test('holds the server back above its bound, and lets it go on below half', () => {
  const valve = createValve()
  const queue = new FrameQueue(1_000, valve)
  for (let index = 0; index < 10; index += 1) queue.push(frame(100))
  expect(valve.open).toBe(true)
  queue.push(frame(100))
  expect([valve.open, queue.bytes]).toEqual([false, 1_100])
  for (let index = 0; index < 5; index += 1) queue.take()
  expect(valve.open).toBe(false)
  queue.take()
  expect([valve.open, valve.turns, queue.bytes]).toEqual([true, 1, 500])
})

test('gives frames in order over many fillings', () => {
  const queue = new FrameQueue(1e9, createValve())
  let put = 0
  let got = 0
  for (let round = 0; round < 200; round += 1) {
    for (let index = 0; index < round % 37; index += 1) queue.push(frame(++put))
    for (let index = 0; index < round % 31; index += 1) {
      const taken = queue.take()
      if (taken !== undefined) expect(taken.bytes).toBe(++got)
    }
  }
  for (let taken = queue.take(); taken !== undefined; taken = queue.take()) expect(taken.bytes).toBe(++got)
  expect([got, queue.bytes]).toEqual([put, 0])
})

test('of keepalives in a row only the last is kept, and never one across a message', () => {
  const queue = new FrameQueue(1_000, createValve())
  for (const walEnd of [1n, 2n]) queue.push({ kind: 'keepalive', walEnd, bytes: 0 })
  queue.push(frame(10))
  for (const walEnd of [3n, 4n]) queue.push({ kind: 'keepalive', walEnd, bytes: 0 })
  expect([queue.take(), queue.take(), queue.take()]).toMatchObject([
    { walEnd: 2n },
    { kind: 'message' },
    { walEnd: 4n },
  ])
  expect(queue.take()).toBeUndefined()
})

test('wakes who waits, and throws once the connection is gone', async () => {
  const queue = new FrameQueue(1_000, createValve())
  let woken = 0
  const waiting = queue.wait().then(() => (woken += 1))
  await Promise.resolve()
  expect(woken).toBe(0)
  queue.push(frame(1))
  await waiting
  queue.fail(new Error('gone'))
  await queue.wait()
  expect(() => queue.take()).toThrow('gone')
})
