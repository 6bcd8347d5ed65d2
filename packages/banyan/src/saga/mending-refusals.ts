/** What people may not do to a run, each said in one place. */
import { BanyanError } from '../core/error.ts'
import type { SagaRecord } from '../store/sagas.ts'

const refuse = (reason: string, message: string, hint: string): BanyanError =>
  new BanyanError('FAILED_PRECONDITION', message, { reason, hint })

const nameOf = ({ name, key, id }: Pick<SagaRecord, 'name' | 'key' | 'id'>): string => `'${name}' of '${key}' (${id})`

export const hasEnded = (saga: SagaRecord): BanyanError =>
  refuse('SAGA_ENDED', `${nameOf(saga)} has ended: it is ${saga.state}`, 'Start a new run from its journal: fork.')

export const isPastReturn = (saga: SagaRecord): BanyanError =>
  refuse(
    'PAST_NO_RETURN',
    `${nameOf(saga)} is past its point of no return: nothing of it is undone`,
    'Bring it forward: retry, or skip the step that fails with the result that it should have had.',
  )

export const isUndoingAlready = (saga: SagaRecord): BanyanError =>
  refuse(
    'SAGA_UNDOING',
    `${nameOf(saga)} is being undone already`,
    'If an undo fails: retry it, or skip it when there is nothing left to take back.',
  )

export const isParked = (saga: SagaRecord): BanyanError =>
  refuse(
    'SAGA_PARKED',
    `${nameOf(saga)} is parked: it reads no messages`,
    'To have it undone: compensate. To have it go on: retry, or skip.',
  )

export const goesOn = (saga: SagaRecord, what: string): BanyanError =>
  refuse('SAGA_GOES_ON', `${nameOf(saga)} ${what}: there is nothing to retry`, 'See banyan saga show.')

export const keepsChanging = (saga: SagaRecord): BanyanError =>
  new BanyanError('ABORTED', `${nameOf(saga)} went on while it was looked at, ${maxLooks} times`, {
    reason: 'SAGA_CHANGES',
    retryable: true,
    hint: 'Look at it again.',
  })

/** How often a run that goes on meanwhile is looked at again. */
export const maxLooks = 5

export const cannotSkip = (saga: SagaRecord, message: string, hint: string): BanyanError =>
  refuse('CANNOT_SKIP', `${nameOf(saga)}: ${message}`, hint)

export const cannotFork = (saga: SagaRecord, message: string, hint: string): BanyanError =>
  refuse('CANNOT_FORK', `${nameOf(saga)}: ${message}`, hint)

export const hasNoCode = ({ name, version }: Pick<SagaRecord, 'name' | 'version'>): BanyanError =>
  refuse(
    'NO_CODE',
    `there is no code here for saga '${name}' version ${version}`,
    'Ask from a project that lists this version in defineService.',
  )

export const badDocument = (what: string): BanyanError =>
  new BanyanError('INVALID_ARGUMENT', `this is no exported saga: ${what}`, {
    reason: 'BAD_EXPORT',
    hint: 'Give what banyan saga export wrote.',
  })

/** Who and why are kept with what was done. */
export function assertHand({ by, why }: { readonly by: string; readonly why: string }): void {
  for (const [field, text] of Object.entries({ by, why }))
    if (typeof text !== 'string' || text.trim() === '' || text.length > 500)
      throw new BanyanError(
        'INVALID_ARGUMENT',
        `'${field}' must be a text of 1 to 500 characters: it is kept with what was done`,
        {
          reason: 'BAD_REQUEST',
          httpStatus: 400,
        },
      )
}
