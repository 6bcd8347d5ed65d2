/** What the function of a saga holds in its hand: the operations, for one branch of it. */

import { cut } from './bounds.ts'
import { all, type Opening, race } from './branches.ts'
import { child } from './children.ts'
import { beginExternal } from './external-step.ts'
import type { LiveRun } from './live-run.ts'
import { lock, unlock } from './locks.ts'
import type { Branch } from './operation.ts'
import type { LockOptions } from './options.ts'
import type { SagaEventShape, SagaShape, SignalShape } from './shape.ts'
import { beginStep } from './steps.ts'
import { beginTx } from './transactions.ts'
import { assertSignal, receive, sleepUntil, waitFor } from './waits.ts'

/** The operations of a branch; its typed face is `Saga`. */
export function createFace(run: LiveRun, branch: Branch): object {
  return {
    id: run.id,
    key: run.key,
    startEventId: startEventOf(run.record.startedBy),
    step: (name: string, act: never, undo?: never, options = {}) =>
      run.invoke(beginStep(run, branch, name, act, undo, options)),
    externalStep: (name: string, step: never) => run.invoke(beginExternal(run, branch, name, step)),
    tx: (name: string, work: never, undo?: never, options = {}) =>
      run.invoke(beginTx(run, branch, name, work, undo, options)),
    pointOfNoReturn: () => point(run, branch),
    sleep: (ms: number) => sleepUntil(run, branch, run.timeMs + ms, ms),
    sleepUntil: (atMs: number) => sleepUntil(run, branch, atMs, Math.max(0, atMs - run.timeMs)),
    waitFor: (event: SagaEventShape | readonly SagaEventShape[], options = {}) => waitFor(run, branch, event, options),
    receive: (signal: SignalShape, options: { readonly timeoutMs?: number } = {}) =>
      receive(run, branch, signal, options.timeoutMs),
    answer: (query: SignalShape, give: () => unknown) => {
      assertSignal(run, query)
      run.queries.set(query.name, give)
    },
    all: (branches: readonly Opening[]) => all(run, branch, branches),
    race: (branches: readonly Opening[]) => race(run, branch, branches),
    child: (saga: SagaShape, input: unknown) => child(run, branch, saga, input),
    continueAs: (input: unknown) => run.continueAs(input),
    lock: (kind: string, key: string, options: LockOptions = {}) => lock(run, branch, kind, key, options),
    unlock: (kind: string, key: string) => unlock(run, branch, kind, key),
    patched: (id: string) => run.patched(id, branch),
    note: (name: string, facts: object = {}) => run.addNote(cut(name, 200), facts),
    now: () => run.timeMs,
    random: () => run.seeded.random(),
    newId: () => run.seeded.uuid(run.timeMs),
  }
}

/** The id of the event that has started it; empty for a call. */
function startEventOf(startedBy: string): string {
  return startedBy.startsWith('event ') ? startedBy.slice('event '.length) : ''
}

async function point(run: LiveRun, branch: Branch): Promise<void> {
  await run.invoke({
    kind: 'point',
    name: 'no return',
    branch,
    async act(op) {
      const written = await run.journal.writeIfNoMail({ seq: op.seq, kind: 'point', name: op.name, body: '{}' })
      // What has come is looked at first; a cancellation among it wins.
      return written === undefined ? undefined : { op, body: {}, written }
    },
    look(op) {
      op.active = true
      return undefined
    },
  })
}
