/**
 * A model of relays that die, are paused and wake up at any moment, on a broker that keeps its rules for chains: whatever
 * happens, the log holds each event once, and the events of a key in their order.
 */

import type { OutboxCursor } from 'banyan/store'
import { expect, it } from 'vitest'
import type { RelayMark } from '../log/message.ts'
import { type Position, Tail } from './tail.ts'

const at = (place: number): OutboxCursor => ({ cluster: 'c', previous: '0', current: '0', lastId: `${place}` })
const placeOf = (cursor: OutboxCursor | undefined): number => Number(cursor?.lastId ?? 0)
const keys = 3

interface Message {
  readonly chain: number
  readonly mark: RelayMark | undefined
}

/** A broker: takes a message behind the sequence it names and, but for the first of a chain, behind its own chain. */
class Stream {
  readonly messages: Message[] = []
  /** Everything up to here has gone by retention; the test still sees it. */
  purged = 0
  publish(message: Message, after: number, first: boolean): boolean {
    if (this.messages.length !== after) return false
    if (!first && this.messages.at(-1)?.chain !== message.chain) return false
    this.messages.push(message)
    return true
  }
}

/** The entry of the source in the bucket. */
interface Entry {
  position: Position
  epoch: number
}

/** What a relay does that ours does not, or not always. */
interface Habits {
  /** It has forgotten the end of the stream and looks it up again. */
  readonly forgets: () => boolean
  /** Ours asks the entry again after it has looked. */
  readonly asksAgain: boolean
}

/** A relay, step by step, so that a test can stop it anywhere. */
class ModelRelay {
  readonly stream: Stream
  readonly entry: Entry
  readonly habits: Habits
  readonly epoch: number
  tail: Tail
  place: number
  constructor(stream: Stream, entry: Entry, habits: Habits) {
    this.stream = stream
    this.entry = entry
    this.habits = habits
    entry.epoch += 1
    this.epoch = entry.epoch
    this.tail = new Tail(entry.position)
    this.look()
    this.place = placeOf(this.tail.tell().cursor)
  }
  look(): void {
    this.tail.seq = Math.max(this.tail.seq, this.stream.purged)
    for (let seq = this.tail.seq + 1; seq <= this.stream.messages.length; seq++)
      this.tail.see(seq, this.stream.messages[seq - 1]!.mark)
  }
  /** What SourceWriter.keepPosition does, between two appends. */
  keepPosition(): void {
    this.look()
    if (this.tail.hasLandedAny || this.entry.epoch !== this.epoch) return
    this.entry.position = { cursor: this.tail.told.cursor, scan: this.tail.seq }
    this.tail.moveTo(this.entry.position)
  }
  /** Publishes a page; the messages arrive one by one, each when `arrives` is resumed. */
  *append(size: number, end: number, chain: () => number): Generator<void, Position | undefined> {
    const page = Array.from({ length: Math.min(size, end - this.place) }, (_, index) => ({
      id: `${this.place + index}`,
    }))
    const cursor = at(this.place + page.length)
    for (;;) {
      if (this.entry.epoch !== this.epoch) return undefined
      if (this.habits.forgets()) {
        this.tail = new Tail(this.entry.position)
        yield
        this.look()
        if (this.habits.asksAgain) {
          yield
          if (this.entry.epoch !== this.epoch) return undefined
        }
      }
      const left = page.filter(({ id }) => !this.tail.hasLanded(id))
      if (left.length === 0) {
        const position = this.tail.after(page, cursor, this.tail.seq)
        this.tail.moveTo(position)
        this.place += page.length
        return position
      }
      const own = chain()
      const after = this.tail.seq
      const position = this.tail.after(page, cursor, after + left.length)
      let landed = 0
      for (const [index, { id }] of left.entries()) {
        yield
        const last = index === left.length - 1
        const scan = position.scan === after + left.length ? undefined : position.scan
        const mark = { id, epoch: this.epoch, ...(last ? { cursor, scan } : {}) }
        if (this.stream.publish({ chain: own, mark }, after + index, index === 0)) landed += 1
      }
      if (landed < left.length) {
        this.look()
        if (this.tail.epoch > this.epoch) return undefined
        continue
      }
      this.tail.seq = after + left.length
      this.tail.moveTo(position)
      this.place += page.length
      return undefined
    }
  }
}

function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Run {
  readonly log: readonly number[]
  readonly total: number
}

/** What happens now and then between two appends. */
type Retention = (relay: ModelRelay) => void

/** One schedule of take-overs, pauses, foreign messages and late arrivals, until everything is appended. */
function run(seed: number, stream: Stream, retain: Retention = () => undefined, asksAgain = true): Run {
  const random = createRandom(seed * 7_919 + 1)
  const entry: Entry = { position: { cursor: undefined, scan: 0 }, epoch: 0 }
  const habits: Habits = { forgets: () => random(8) === 0, asksAgain }
  const total = 40
  let chains = 0
  const chain = (): number => ++chains
  let relay = new ModelRelay(stream, entry, habits)
  let work = relay.append(1 + random(8), total, chain)
  const paused: (typeof work)[] = []
  for (let step = 0; step < 2_000 && relay.place < total; step++) {
    const what = random(20)
    if (what === 0) {
      // Another takes over; the old one was paused, and may go on later, or is dead.
      if (random(2) === 0) paused.push(work)
      relay = new ModelRelay(stream, entry, habits)
      work = relay.append(1 + random(8), total, chain)
    } else if (what === 1) stream.messages.push({ chain: chain(), mark: undefined })
    else if (what < 6 && paused.length > 0) paused[random(paused.length)]?.next()
    else {
      const { done, value } = work.next()
      if (done !== true) continue
      if (value !== undefined) entry.position = value
      if (random(3) === 0) retain(relay)
      work = relay.append(1 + random(8), total, chain)
    }
  }
  return { log: stream.messages.flatMap(({ mark }) => (mark === undefined ? [] : [Number(mark.id)])), total }
}

/** What is wrong with a log: events lost, doubled, or before one of their key. */
function faultsOf({ log, total }: Run): string[] {
  const faults: string[] = []
  const sorted = log.toSorted((a, b) => a - b)
  if (sorted.join() !== Array.from({ length: total }, (_, place) => place).join()) faults.push(`holds ${sorted}`)
  for (let key = 0; key < keys; key++) {
    const places = log.filter((place) => place % keys === key)
    if (places.join() !== places.toSorted((a, b) => a - b).join()) faults.push(`key ${key} is ${places}`)
  }
  return faults
}

it('keeps each event once and keys in order, whatever dies, pauses and wakes up', () => {
  const faulty = Array.from({ length: 1_000 }, (_, seed) => ({ seed, faults: faultsOf(run(seed, new Stream())) }))
  expect(faulty.filter(({ faults }) => faults.length > 0)).toEqual([])
})

it('would not, if messages named only the sequence they follow', () => {
  class Forgetful extends Stream {
    override publish(message: Message, after: number): boolean {
      return super.publish(message, after, true)
    }
  }
  const faulty = Array.from({ length: 1_000 }, (_, seed) => faultsOf(run(seed, new Forgetful())))
  expect(faulty.filter((faults) => faults.length > 0).length).toBeGreaterThan(10)
})

/** Drops what the entry covers, after the relay that appends has brought that up to date. */
function dropCovered(relay: ModelRelay): void {
  relay.keepPosition()
  relay.stream.purged = Math.max(relay.stream.purged, relay.entry.position.scan)
}

it('keeps that when retention drops what the entry covers', () => {
  let dropped = 0
  const faulty = Array.from({ length: 1_000 }, (_, seed) => {
    const stream = new Stream()
    const faults = faultsOf(run(seed, stream, dropCovered))
    dropped += stream.purged
    return { seed, faults }
  })
  expect(faulty.filter(({ faults }) => faults.length > 0)).toEqual([])
  expect(dropped).toBeGreaterThan(10_000)
})

it('would not, if retention dropped whatever is old', () => {
  const faulty = Array.from({ length: 1_000 }, (_, seed) => {
    const stream = new Stream()
    const dropAll = (): void => {
      stream.purged = stream.messages.length
    }
    return faultsOf(run(seed, stream, dropAll))
  })
  expect(faulty.filter((faults) => faults.length > 0).length).toBeGreaterThan(10)
})

it('would not, if a relay that has looked did not ask the entry again: what another has appended may have gone', () => {
  const faulty = Array.from({ length: 3_000 }, (_, seed) => faultsOf(run(seed, new Stream(), dropCovered, false)))
  expect(faulty.filter((faults) => faults.length > 0).length).toBeGreaterThan(0)
})

it('says whether the position covers all that lies before it and nothing behind', () => {
  const mark = (id: string, given: Partial<RelayMark> = {}): RelayMark => ({ id, epoch: 1, ...given })
  const tail = new Tail({ cursor: at(0), scan: 0 })
  expect(tail.isExact).toBe(true)
  tail.see(1, undefined)
  expect(tail.isExact).toBe(true)
  // The front of an append: what the position before it covers is not known any more from here.
  tail.see(2, mark('a'))
  expect(tail.isExact).toBe(false)
  tail.see(3, mark('b', { cursor: at(2) }))
  tail.see(4, mark('c'))
  expect([tail.isExact, tail.tell()]).toEqual([true, { cursor: at(2), scan: 3 }])
  // A smaller page than what had landed.
  tail.see(5, mark('d', { cursor: at(4), scan: 3 }))
  expect([tail.isExact, tail.tell()]).toEqual([false, { cursor: at(4), scan: 3 }])
})
