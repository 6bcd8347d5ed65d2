/** A connection to Redis, as far as this package needs one: commands out, answers back. */
export type Send = (command: readonly string[]) => Promise<unknown>
