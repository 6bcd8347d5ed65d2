/**
 * What every engine is asked: sagas of three steps, each started by a key of its own and waited for, by so many workers at a
 * time. Steps do nothing but give a number; the sum of them is checked.
 */
import { closedLoop, type Load } from '../measure/closed-loop.ts'
import { answerParent } from '../measure/peer.ts'

/** How much. */
export interface SagaLoad {
  readonly workers: number
  readonly ms: number
}

/** Starts a saga by this key and waits for what it gives: the sum of its three steps. */
export type RunSaga = (key: string, index: number) => Promise<unknown>

/** What the steps of a saga give. */
export const stepValues = (index: number): readonly [number, number, number] => [index, index + 1, index + 2]

let made = 0

/** A closed loop of sagas. */
export function loadSagas({ workers, ms }: SagaLoad, run: RunSaga): Promise<Load> {
  return closedLoop(workers, ms, async () => {
    const index = made++
    const sum = await run(`${process.pid}-${index}`, index)
    if (sum !== 3 * index + 3) throw new Error(`saga ${index} gave ${String(sum)}`)
  })
}

/** In the child: an engine whose sagas are run in this process. `pids` are processes that belong to it. */
export function serveSagas(
  load: (given: SagaLoad) => Promise<Load>,
  close: () => unknown,
  pids: readonly number[] = [],
): void {
  answerParent({ load, pids: () => pids }, close)
}
