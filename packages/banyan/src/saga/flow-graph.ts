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
export function toSentence(missing: Missing, nowMs: number): string {
  const late = nowMs > missing.dueMs ? `, ${toWords(nowMs - missing.dueMs)} late` : ''
  return `waiting for ${toExpected(missing)}${late}`
}

function toExpected({ any, withinMs }: Missing): string {
  const what = any.map((type) => type.replace(/\.v\d+$/, '')).join(' or ')
  return `${what}, expected within ${toWords(withinMs)}`
}

/**
 * What stands beside a run while it waits: `payments.authorized, expected within 30 s`, and `late since <ISO 8601>: ` before it once
 * it is late. How late it is, is said by whoever looks: here time stands still.
 */
export function toWait(missing: readonly Missing[], nowMs: number): string {
  const [first] = missing
  if (first === undefined) return 'the end'
  const late = first.dueMs <= nowMs ? `late since ${new Date(first.dueMs).toISOString()}: ` : ''
  return `${late}${missing.map(toExpected).join('; ')}`
}

/**
 * Since when an instance of a flow is late, as ISO 8601 text, by what its run says that it waits for; undefined when it is not late,
 * and for runs that watch no flow.
 *
 * @example
 * lateSince(['wait late since 2026-01-01T00:00:30.000Z: payments.authorized, expected within 30 s']) // '2026-01-01T00:00:30.000Z'
 */
export function lateSince([first = '']: readonly string[]): string | undefined {
  return /^wait late since (\d{4,6}-\d\d-\d\dT[\d:.]+Z): /.exec(first)?.[1]
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
