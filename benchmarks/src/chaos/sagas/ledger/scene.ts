/** The small system on the stage of the rig. */
import type { SagaRecord, Store } from 'banyan/store'
import { describeRun } from '../describe-run.ts'
import type { Play, Scene, Stage, Standing } from '../scene.ts'
import { until } from '../wait.ts'
import { type Scenario, scenarios } from './contracts.ts'
import { findImbalance, legalEnds } from './judge.ts'
import { type Provider, providerVariable, startProvider } from './provider.ts'
import { naiveVariable } from './sagas.ts'
import { readBook } from './tables.ts'

/** What is done on the way is tried for so long; whoever waits for the end has a bound of his own. */
const driveMs = 120_000
const ends: ReadonlySet<string> = new Set(['completed', 'undone', 'parked'])

export const ledgerScene: Scene = {
  system: 'ledger',
  sagas: ['ledger'],
  parts: ['wallet'],
  scenarios,
  hasEdge: false,
  // Three times the time in which a run is taken over, and what it takes besides.
  endMs: 90_000,
  async open(naive) {
    const provider = await startProvider()
    return {
      env: { [providerVariable]: provider.origin, [naiveVariable]: naive ? '1' : '0' },
      stop: () => provider.stop(),
      play: async (cell) => createPlay(cell, provider, await cell.openStore('ledger'), await cell.openStore('wallet')),
    }
  },
}

function createPlay(cell: Stage, provider: Provider, ledger: Store, wallet: Store): Play {
  const find = (name: string, key: string): Promise<SagaRecord | undefined> => ledger.sagas.findByKey(name, key)
  const isOver = (run: SagaRecord | undefined): boolean => run !== undefined && ends.has(run.state)

  /** When a run waits for something that its note names, or is past all waiting. */
  const rests = (name: string, key: string, what: string, signal: AbortSignal): Promise<boolean> =>
    until(
      async () => {
        const run = await find(name, key)
        return isOver(run) || (run?.holder === undefined && run?.note.includes(what) === true)
      },
      driveMs,
      signal,
    )
  const ask = (operation: string, input: { readonly key: string }, signal: AbortSignal): Promise<boolean> =>
    until(
      async () => {
        await cell.invoke('sagas', `ledger.${operation}`, input, `${input.key}-${operation}`)
        return true
      },
      driveMs,
      signal,
    )

  return {
    async drive(key, scenario, signal) {
      await ask('rival', { key }, signal)
      await rests('rival', key, 'let-go', signal)
      await ask('ask', { key, refuses: scenario === 'refused' } as never, signal)
      await rests('transfer', key, 'till', signal)
      await ask('letGo', { key }, signal)
      await rests('transfer', key, 'approve', signal)
      await ask(scenario === 'cancelled' ? 'cancel' : 'approve', { key }, signal)
    },
    async stand(key): Promise<Standing> {
      const [mine, other] = await Promise.all([find('transfer', key), find('rival', key)])
      const runs = [mine, other].filter((run) => run !== undefined)
      const end = isOver(mine) && isOver(other) ? (other?.state === 'parked' ? 'parked' : mine?.state) : undefined
      return { end, epoch: runs.reduce((sum, { epoch }) => sum + epoch, 0) }
    },
    async describe(key) {
      const runs = await Promise.all([find('transfer', key), find('rival', key)])
      const texts = await Promise.all(runs.map((run) => (run === undefined ? 'no run' : describeRun(ledger, run))))
      return texts.join('\n')
    },
    isLegal: (scenario, end) => legalEnds[scenario as Scenario].includes(end),
    async findImbalance(key, end) {
      const books = { ledger: await readBook(ledger, key), wallet: await readBook(wallet, key) }
      return findImbalance({ ...books, charges: provider.chargesOf(key) }, end)
    },
    close: async () => void (await Promise.all([ledger.close(1_000), wallet.close(1_000)])),
  }
}
