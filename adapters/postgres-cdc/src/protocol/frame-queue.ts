/**
 * What was received and not yet applied. Bounded in bytes: above `highBytes` the socket is paused, so that TCP holds the
 * server back; below half of it the socket goes on. What one read of the socket brought (64 KiB) may come on top, and one row
 * is never cut.
 */
import type { Lsn } from './lsn.ts'
import type { Message } from './pgoutput.ts'

/** A message of the stream, or the server's word that everything up to a position has been sent. */
export type Frame =
  | { readonly kind: 'message'; readonly message: Message; readonly bytes: number }
  | { readonly kind: 'keepalive'; readonly walEnd: Lsn; readonly bytes: 0 }

/** The socket. */
export interface Valve {
  pause(): void
  resume(): void
}

export class FrameQueue {
  readonly #highBytes: number
  readonly #valve: Valve
  #frames: Frame[] = []
  #head = 0
  #bytes = 0
  #paused = false
  #wake: (() => void) | undefined
  #failure: unknown

  constructor(highBytes: number, valve: Valve) {
    this.#highBytes = highBytes
    this.#valve = valve
  }

  get bytes(): number {
    return this.#bytes
  }

  get paused(): boolean {
    return this.#paused
  }

  push(frame: Frame): void {
    if (frame.kind === 'keepalive' && this.#frames.at(-1)?.kind === 'keepalive' && this.#frames.length > this.#head)
      this.#frames.pop() // the later one says more
    this.#frames.push(frame)
    this.#bytes += frame.bytes
    if (!this.#paused && this.#bytes > this.#highBytes) {
      this.#paused = true
      this.#valve.pause()
    }
    this.#wakeUp()
  }

  /** The connection is gone: what was received is worth nothing, since it will be sent again. */
  fail(error: unknown): void {
    this.#failure ??= error
    this.#frames = []
    this.#head = 0
    this.#bytes = 0
    this.#wakeUp()
  }

  /** The next frame, or undefined when there is none at the moment. Throws once the connection is gone. */
  take(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure
    const frame = this.#frames[this.#head]
    if (frame === undefined) return undefined
    this.#head += 1
    this.#bytes -= frame.bytes
    if (this.#head === this.#frames.length || this.#head > 1_024) this.#compact()
    if (this.#paused && this.#bytes <= this.#highBytes / 2) {
      this.#paused = false
      this.#valve.resume()
    }
    return frame
  }

  /** Resolves when there is something to take, or the connection is gone, or `wake` is called. */
  wait(): Promise<void> {
    if (this.#failure !== undefined || this.#head < this.#frames.length) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Lets who waits look around. */
  wake(): void {
    this.#wakeUp()
  }

  #compact(): void {
    this.#frames = this.#frames.slice(this.#head)
    this.#head = 0
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
