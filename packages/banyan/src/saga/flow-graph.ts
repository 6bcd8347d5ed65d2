/**
 * What has happened in a choreographed flow, what caused what, and what is missing. Pure: the same events in the same order give the
 * same graph, so a flow is watched by a saga and rebuilt from its journal by whoever looks.
 */

/** Something that is to follow something else. */
export interface Expectation {
  /** The type of what it follows. */
  readonly after: string
  /** One of these is enough. */
  readonly any: readonly string[]
  readonly withinMs: number
}

/** An event of the flow. */
export interface FlowEvent {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly timeMs: number
  readonly causationId?: string | undefined
}

/** What is missing. */
export interface Missing {
  readonly after: string
  readonly any: readonly string[]
  readonly withinMs: number
  readonly dueMs: number
}

/** An event and the one that caused it, if that is of the flow too. */
export interface FlowNode extends FlowEvent {
  readonly causedBy: FlowEvent | undefined
}

/** See the top of the file. */
export class FlowGraph {
  readonly #expectations: readonly Expectation[]
  readonly #events: FlowEvent[] = []
  #missing: Missing[] = []

  constructor(expectations: readonly Expectation[]) {
    this.#expectations = expectations
  }

  add(event: FlowEvent): void {
    if (this.#events.some(({ id }) => id === event.id)) return
    this.#events.push(event)
    this.#missing = this.#missing.filter(({ any }) => !any.includes(event.type))
    for (const { after, any, withinMs } of this.#expectations) {
      // What follows may be heard of first: two producers have no order between them.
      if (after !== event.type || this.#events.some(({ type }) => any.includes(type))) continue
      this.#missing.push({ after, any, withinMs, dueMs: event.timeMs + withinMs })
    }
  }

  /** In the order in which they are due. */
  get missing(): readonly Missing[] {
    return this.#missing.toSorted((one, other) => one.dueMs - other.dueMs)
  }

  /** In the order in which they were heard of. */
  get nodes(): readonly FlowNode[] {
    const known = new Map(this.#events.map((event) => [event.id, event]))
    return this.#events.map((event) => ({
      ...event,
      causedBy: event.causationId === undefined ? undefined : known.get(event.causationId),
    }))
  }
}

/** `waiting for payments.authorized or payments.failed, expected within 30 s, 4 min late`. */
export function toSentence({ any, withinMs, dueMs }: Missing, nowMs: number): string {
  const what = any.map((type) => type.replace(/\.v\d+$/, '')).join(' or ')
  const late = nowMs > dueMs ? `, ${toWords(nowMs - dueMs)} late` : ''
  return `waiting for ${what}, expected within ${toWords(withinMs)}${late}`
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** A duration in its largest whole unit. */
function toWords(ms: number): string {
  for (const [name, size] of units) if (ms >= size) return `${Math.floor(ms / size)} ${name}`
  return `${Math.round(ms)} ms`
}
