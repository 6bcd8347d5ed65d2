/** Being told to stop: the first signal asks, the second insists. */

/** Ctrl-C under a package manager arrives twice, from the terminal and passed on; that is one wish. */
export const sameWishMs = 500

/** See the top of the file. */
export interface StopSignals {
  /** Resolves with nothing at the first signal. */
  readonly asked: Promise<undefined>
  /** Resolves at the next one that is not the same again. */
  readonly askedAgain: Promise<string>
  /** Which signal came first. */
  readonly reason: string
  close(): void
}

const names: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGINT', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Begins to listen. */
export function listenForStop(): StopSignals {
  const first = Promise.withResolvers<undefined>()
  const second = Promise.withResolvers<string>()
  let reason = ''
  let firstMs = 0
  const onSignal = (name: NodeJS.Signals): void => {
    if (reason === '') {
      reason = name
      firstMs = performance.now()
      first.resolve(undefined)
    } else if (performance.now() - firstMs > sameWishMs) second.resolve(`${name} again`)
  }
  for (const name of names) process.on(name, onSignal)
  return {
    asked: first.promise,
    askedAgain: second.promise,
    get reason() {
      return reason
    },
    close() {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
