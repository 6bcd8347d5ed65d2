/**
 * The points of a process: every effect that goes through one of its ports has a name, and a number among those of its name since
 * the process was armed. So `store.sagas.write(step debit)#1` is the same point in every run: a retry, or one heartbeat more, moves
 * only what has the same name.
 *
 * At one point, before it or after it (the effect is done and its answer lost), something happens to this process.
 */
import { writeSync } from 'node:fs'

/** What happens there. `pause`: it is told outside and waits until it may go on. */
export type Blow = 'kill' | 'stop' | 'skew' | 'pause'

/** What is to happen where; times in milliseconds. */
export interface Fault {
  readonly point: string
  readonly when: 'before' | 'after'
  readonly blow: Blow
  /** By how much the calendar jumps. */
  readonly skewMs?: number
}

/** The line by which the process says that it is there; written at once, since it may be its last. */
export const hitLine = 'hit\n'
/** Points that are noted; a process that makes more has lost its way. */
const maxNoted = 100_000

export class Points {
  readonly #counts = new Map<string, number>()
  readonly #blow: (fault: Fault) => Promise<void> | undefined
  #noted: string[] = []
  #fault: Fault | undefined
  #isOn = false

  constructor(blow: (fault: Fault) => Promise<void> | undefined) {
    this.#blow = blow
  }

  /** From here on points are numbered from 1; without a fault they are only noted. */
  arm(fault: Fault | undefined): void {
    this.#counts.clear()
    this.#noted = []
    this.#fault = fault
    this.#isOn = true
  }
  disarm(): void {
    this.#fault = undefined
    this.#isOn = false
  }
  /** In the order in which they were first come to. */
  get noted(): readonly string[] {
    return this.#noted
  }

  /** Does the work; this is one point. */
  async cross<Result>(name: string, work: () => Promise<Result> | Result): Promise<Result> {
    if (!this.#isOn) return work()
    const ordinal = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, ordinal)
    const point = `${name}#${ordinal}`
    if (this.#noted.length < maxNoted) this.#noted.push(point)
    if (this.#isHere(point, 'before')) await this.#strike()
    try {
      return await work()
    } finally {
      if (this.#isHere(point, 'after')) await this.#strike()
    }
  }

  #isHere(point: string, when: Fault['when']): boolean {
    return this.#fault?.point === point && this.#fault.when === when
  }

  #strike(): Promise<void> | undefined {
    const fault = this.#fault as Fault
    this.#fault = undefined
    writeSync(1, hitLine)
    return this.#blow(fault)
  }
}
