/**
 * Cancellation for hot paths. An AbortSignal is an EventTarget: making one, listening and letting go costs more than the call
 * that it could cancel. Here a party is an object with one method; the signal that users know is made when one asks for it.
 */

/** A party to what may be given up. */
export interface Cancellable {
  /** It is no longer wanted. Called at most once by whom it follows; must not throw. */
  cancel(reason: unknown): void
}

/** One piece of work that can be given up, and the one party that carries it out. */
export class Cancellation implements Cancellable {
  #listener: Cancellable | undefined
  #reason: unknown
  #cancelled = false
  get cancelled(): boolean {
    return this.#cancelled
  }
  /** Why; undefined while it is wanted. */
  get reason(): unknown {
    return this.#reason
  }
  cancel(reason: unknown): void {
    if (this.#cancelled) return
    this.#cancelled = true
    this.#reason = reason
    this.#listener?.cancel(reason)
  }
  /** Tells this party, in place of the one before; at once when it is cancelled already. `undefined` lets go. */
  listen(listener: Cancellable | undefined): void {
    this.#listener = listener
    if (this.#cancelled) listener?.cancel(this.#reason)
  }
}

/** Hands a cancellation on to all who follow. */
export class CancelScope implements Cancellable {
  readonly #followers = new Set<Cancellable>()
  #controller: AbortController | undefined
  #reason: unknown
  #cancelled = false
  /** For whoever knows signals only. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#cancelled) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }
  /** Cancels `follower` with this scope; at once when that is over. */
  follow(follower: Cancellable): void {
    if (this.#cancelled) follower.cancel(this.#reason)
    else this.#followers.add(follower)
  }
  unfollow(follower: Cancellable): void {
    this.#followers.delete(follower)
  }
  cancel(reason: unknown): void {
    if (this.#cancelled) return
    this.#cancelled = true
    this.#reason = reason
    this.#controller?.abort(reason)
    for (const follower of this.#followers) follower.cancel(reason)
    this.#followers.clear()
  }
}

/** Cancels `follower` when the signal is aborted; at once when it is already. The listener goes with the signal. */
export function followSignal(signal: AbortSignal, follower: Cancellable): void {
  if (signal.aborted) follower.cancel(signal.reason)
  else signal.addEventListener('abort', () => follower.cancel(signal.reason), { once: true })
}
