/**
 * `banyan saga answer`: one question about sagas, answered by a short-lived process that has the project's code as it is now; asked by
 * a parent, which loads none.
 */
import { fromUnknown, toErrorDocument } from 'banyan/core'
import type { SagaAnswer, SagaQuestion } from '../sagas/saga-question.ts'
import { withSagaDesk } from './open-saga-desk.ts'

/** Waits for the question on the pipe, answers, and ends. */
export async function sagaAnswer({ project }: { readonly project: string }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<SagaQuestion>()
  process.once('message', (question) => resolve(question as SagaQuestion))
  process.once('disconnect', () => process.exit())
  const answer = await answerTo(project, await promise)
  process.send?.(answer, () => process.disconnect())
}

async function answerTo(project: string, { ask, given, env }: SagaQuestion): Promise<SagaAnswer> {
  try {
    const ok = await withSagaDesk(
      project,
      (desk) => (desk[ask] as (...all: readonly unknown[]) => Promise<object>)(...given),
      {
        ...process.env,
        ...env,
      },
    )
    return { ok }
  } catch (thrown) {
    const error = fromUnknown(thrown)
    const { hint } = thrown as { readonly hint?: string }
    const message = thrown instanceof Error ? thrown.message : error.message
    return { error: { ...toErrorDocument(error), message, ...(hint === undefined ? {} : { hint }) } }
  }
}
