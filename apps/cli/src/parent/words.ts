/** What a parent says in more than one place. */
import { CommandError } from '../failure.ts'

/** That something ended, and when it comes again. */
export const ended = (name: string, how: string, retryInMs: number): string =>
  `${name} ended (${how}); starting it again in ${(retryInMs / 1_000).toFixed(1)} s`

/** Why a start ends that somebody stopped. */
export const stopped = (): CommandError => new CommandError('stopped before it was ready')
