/**
 * The saga desk of a running system. What needs no code is answered here; what replays or hides by schemas is asked of a
 * short-lived process, since the parent never loads a line of the user's code.
 */
import { realpathSync } from 'node:fs'
import type { SagasApi } from 'banyan/control'
import { BanyanError, fromErrorDocument } from 'banyan/core'
import { startChild } from '../process/child.ts'
import type { SagaAnswer, SagaQuestion } from '../sagas/saga-question.ts'

/** How such a process is started. */
export interface AskOptions {
  readonly cli: string
  readonly projectFolder: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What is told over the pipe alone: addresses of databases. */
  readonly secrets: Readonly<Record<string, string | undefined>>
}

/** Questions at a time; further ones wait. */
const maxAsked = 2
/** Questions that wait. */
const maxWaiting = 20
/** Lines kept for the message of a process that ends without an answer. */
const keptLines = 20

/** What is asked of a process; the rest is answered by `desk`. */
export function withAskedSagas(desk: SagasApi, options: AskOptions): SagasApi {
  const ask = createAsking(options)
  return {
    ...desk,
    show: (...given) => ask({ ask: 'show', given }),
    export: (...given) => ask({ ask: 'export', given }),
    check: (...given) => ask({ ask: 'check', given }) as Promise<readonly object[]>,
    skip: (...given) => ask({ ask: 'skip', given }),
    fork: (...given) => ask({ ask: 'fork', given }),
  }
}

type Question = Omit<SagaQuestion, 'env'>

function createAsking(options: AskOptions): (question: Question) => Promise<object> {
  const waiting: (() => void)[] = []
  let busy = 0
  return async (question) => {
    if (waiting.length >= maxWaiting)
      throw new BanyanError('RESOURCE_EXHAUSTED', 'too many questions about sagas at a time', {
        retryable: true,
        retryAfterMs: 1_000,
      })
    if (busy >= maxAsked) await new Promise<void>((resolve) => waiting.push(resolve))
    busy += 1
    try {
      return await askOne(options, question)
    } finally {
      busy -= 1
      waiting.shift()?.()
    }
  }
}

async function askOne({ cli, projectFolder, env, secrets }: AskOptions, question: Question): Promise<object> {
  let answer: SagaAnswer | undefined
  const lines: string[] = []
  const child = startChild({
    command: ['node', cli, 'saga', 'answer', '--project', projectFolder],
    folder: realpathSync(projectFolder),
    env,
    messages: true,
    onLine: (line) => void (lines.length < keptLines && lines.push(line)),
    onMessage: (message) => {
      answer = message as SagaAnswer
    },
  })
  child.send({ ...question, env: secrets } satisfies SagaQuestion)
  const how = await child.ended
  if (answer?.ok !== undefined) return answer.ok
  if (answer === undefined)
    throw new BanyanError('UNAVAILABLE', `the project's code cannot be asked (${how}): ${lines.join(' | ')}`)
  const { hint, ...document } = answer.error
  const { code, message, ...error } = fromErrorDocument(document)
  throw new BanyanError(code, message, { ...error, hint })
}
