/**
 * Looks for instances of flows that are late, beside the runs that do not go on: the flow itself is well and waits. That it is late
 * stands in its run's note. All running instances are looked through, a bounded number at a time: with more of them a round takes
 * several looks.
 */
import type { SagaSummary, Sagas } from '../store/sagas.ts'
import type { Log } from '../telemetry/log.ts'
import { lateSince } from './flow-graph.ts'
import { noteOf } from './journal.ts'
import type { SagaShape } from './shape.ts'

/** Running instances of one flow that a look reads. */
export const maxFlowsRead = 5_000
/** Of them, in one page. */
const maxPage = 1_000
/** Lines that one look writes; the rest is said by the looks after it. */
const maxSaid = 100
/** Instances that are remembered as logged; the oldest are forgotten first. */
const maxLogged = 10_000

/** What it stands on. */
interface FlowWatchOptions {
  readonly service: string
  readonly sagas: Pick<Sagas, 'list'>
  readonly shapes: readonly SagaShape[]
  readonly log: Log
}

/** How many instances of a flow are late. */
export interface FlowLateness {
  readonly flow: string
  /** As of the last round through all of its running instances. */
  readonly late: number
}

/** How far the round through a flow's instances is. */
interface Round {
  before: string | undefined
  found: number
  /** Of the last whole round. */
  late: number
}

/** See the top of the file. */
export class FlowWatch {
  readonly #options: FlowWatchOptions
  readonly #rounds: ReadonlyMap<string, Round>
  readonly #logged = new Set<string>()

  constructor(options: FlowWatchOptions) {
    this.#options = options
    const flows = options.shapes.filter(({ flow }) => flow !== undefined)
    this.#rounds = new Map(flows.map(({ name }) => [name, { before: undefined, found: 0, late: 0 }]))
  }

  async look(nowMs: number): Promise<readonly FlowLateness[]> {
    let toSay = maxSaid
    for (const [name, round] of this.#rounds)
      for (let read = 0; read < maxFlowsRead; read += maxPage) {
        const page = await this.#read(name, round)
        for (const run of page) if (toSay > 0 && this.#say(run, nowMs)) toSay -= 1
        if (round.before === undefined) break
      }
    return [...this.#rounds].map(([flow, { late }]) => ({ flow, late }))
  }

  /** The next page of the round, those of it that are late. */
  async #read(name: string, round: Round): Promise<readonly SagaSummary[]> {
    const { before } = round
    const from = before === undefined ? {} : { before }
    const { sagas, next } = await this.#options.sagas.list({ name, states: ['running'], limit: maxPage, ...from })
    const late = sagas.filter(({ note }) => sinceOf(note) !== undefined)
    round.found += late.length
    round.before = next
    if (next === undefined) {
      round.late = round.found
      round.found = 0
    }
    return late
  }

  /** False when it has been said before. */
  #say({ id, name, key, note }: SagaSummary, nowMs: number): boolean {
    const since = sinceOf(note) as string
    const of = `${id} ${since}`
    if (this.#logged.has(of)) return false
    this.#logged.add(of)
    if (this.#logged.size > maxLogged) this.#logged.delete(this.#logged.values().next().value as string)
    const { log, service } = this.#options
    const seconds = Math.round((nowMs - Date.parse(since)) / 1_000)
    const missing = noteOf(note).waits?.[0]?.replace(/^wait late since \S+: /, '')
    log.warn('a flow is late', { service, flow: name, key, id, missing, seconds, look: `banyan saga show ${id}` })
    return true
  }
}

const sinceOf = (note: string): string | undefined => lateSince(noteOf(note).waits ?? [])
