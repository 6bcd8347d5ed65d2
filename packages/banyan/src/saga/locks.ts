/** Semantic locks of runs: asked for, waited for as a row, given up at the end of the run or before. */
import type { BanyanError } from '../core/error.ts'
import { toKeptError } from './bounds.ts'
import type { Settled } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import type { Acted, Branch, Operation } from './operation.ts'
import { type LockOptions, lockWaitMs, maxSleepMs } from './options.ts'
import { badLock, lockDeadlock, locked, lockTimedOut } from './refusals.ts'
import { never, untilAnswered } from './run-shared.ts'

const refuse = (error: BanyanError): Settled => ({ error: toKeptError(error), outcome: 'refused' })

/** Characters of a lock's kind and key together. */
const maxLockName = 200

function nameOf(kind: string, key: string): string {
  const name = `${kind}/${key}`
  if (typeof kind === 'string' && kind !== '' && typeof key === 'string' && key !== '' && name.length <= maxLockName)
    return name
  throw badLock(`a lock's kind and key have at least 1 and together at most ${maxLockName - 1} characters`)
}

/** See `Saga.lock`. */
export function lock(run: LiveRun, branch: Branch, kind: string, key: string, options: LockOptions): Promise<unknown> {
  const { ifHeld = 'wait', timeoutMs = lockWaitMs } = options
  const name = nameOf(kind, key)
  if (!(timeoutMs >= 0 && timeoutMs <= maxSleepMs)) throw badLock(`timeoutMs is ${timeoutMs}: from 0 to ${maxSleepMs}`)
  const dueMs = run.timeMs + timeoutMs
  const isGrant = (message: { kind: string; id: string }): boolean => message.kind === 'lock' && message.id === name
  let asked = false

  async function giveUp(error: BanyanError): Promise<Settled> {
    await letGo(run, kind, key)
    return refuse(error)
  }
  async function ask(op: Operation): Promise<Acted> {
    if (asked) return giveUp(lockTimedOut(kind, key, timeoutMs))
    const given = await fenced(run, () => run.shared.host.store.sagas.lock(run.record, kind, key, ifHeld))
    if (given.got === 'yes') return {}
    if (given.got === 'no') return refuse(locked(given.lock))
    if (given.got === 'deadlock') return refuse(lockDeadlock(kind, key, given.circle))
    asked = true
    op.dueMs = dueMs
    return undefined
  }
  return run.invoke({
    kind: 'lock',
    name,
    branch,
    waits: () => `${kind} '${key}'`,
    present: () => void run.locks.set(JSON.stringify([kind, key]), branch),
    act: ask,
    onStop: (op) => giveUp(op.stoppedBy as BanyanError),
    look(op) {
      const message = run.journal.messages.find(isGrant)
      if (message !== undefined) return { body: {}, consumed: [message.n] }
      if (run.shared.now() >= dueMs) op.active = true
      return undefined
    },
  })
}

/** See `Saga.unlock`. */
export function unlock(run: LiveRun, branch: Branch, kind: string, key: string): Promise<unknown> {
  return run.invoke({
    kind: 'unlock',
    name: nameOf(kind, key),
    branch,
    present: () => void run.locks.delete(JSON.stringify([kind, key])),
    async act() {
      await letGo(run, kind, key)
      return {}
    },
  })
}

/** Gives a lock up, or the place in its line; a grant that was not looked at is none any more. */
export async function letGo(run: LiveRun, kind: string, key: string): Promise<void> {
  const name = `${kind}/${key}`
  await fenced(run, () => run.shared.host.store.sagas.unlock({ id: run.id }, kind, key))
  run.journal.forget((message) => message.kind === 'lock' && message.id === name)
}

/** Asks the store; never settles when the run is not ours any more. */
async function fenced<Result>(run: LiveRun, ask: () => Promise<Result>): Promise<Result> {
  if (!run.shared.mayAct()) {
    run.lose()
    return never()
  }
  try {
    return await untilAnswered(run.shared, ask)
  } catch (error) {
    if ((error as { reason?: unknown } | null)?.reason !== 'FENCED') throw error
    run.lose()
    return never()
  }
}
