/**
 * The saga that uses every kind of operation, before and after its point of no return, and what it meets on its way: one that holds
 * the lock it needs, and one that it starts itself.
 */
import { type ContextOf, defineSaga, type Saga, t } from 'banyan'
import { Approve, Ledger, LetGo, Wallet } from './contracts.ts'
import { providerVariable } from './provider.ts'
import { write } from './tables.ts'

type Ctx = ContextOf<typeof Ledger, typeof Wallet>

const Key = t.Object({ key: t.String() })
/** Long enough to be let go for, short enough to be waited for a thousand times. */
const restMs = 40
/** Whoever is away is back within seconds, and is not given up before. */
const retry = { maxAttempts: 1_000, firstMs: 50, maxMs: 500 }
const patient = { retry, undoRetry: retry }
/** Never over within a run. */
const ageMs = 3_600_000

/** Known to be wrong, to see that the rig notices: each attempt of a step calls under a key of its own. */
export const naiveVariable = 'CHAOS_NAIVE'
const isNaive = process.env[naiveVariable] === '1'

/** Takes, and gives back what it has taken or may have taken. */
const take = (saga: Saga<Ctx>, key: string, what: string): Promise<unknown> =>
  saga.step(
    what,
    (ctx) => ctx.call(Wallet.operations.take, { key, what }, isNaive ? { idempotencyKey: ctx.newId() } : {}),
    (ctx) => ctx.call(Wallet.operations.giveBack, { key, what }),
    patient,
  )

export const rival = defineSaga('rival', {
  version: 1,
  input: Key,
  key: ({ key }) => key,
  signals: [LetGo],
  retry,
  async run(saga: Saga<Ctx>, { key }) {
    await saga.lock('till', key)
    await saga.receive(LetGo)
    await saga.tx('rival', (tx) => write(tx, key, 'rival'))
  },
})

export const parcel = defineSaga('parcel', {
  version: 1,
  retry,
  input: Key,
  key: ({ key }) => key,
  async run(saga: Saga<Ctx>, { key }) {
    await take(saga, key, 'parcel')
    await saga.tx(
      'label',
      (tx) => write(tx, key, 'label'),
      (tx) => write(tx, key, 'label back'),
      patient,
    )
  },
})

const providerOrigin = (): string | undefined => process.env[providerVariable]

const authorize = (saga: Saga<Ctx>, key: string): Promise<string> =>
  saga.externalStep('authorize', {
    origin: providerOrigin,
    request: { url: '/authorizations', json: { key } },
    read: (response) => response.json<{ id: string }>().id,
    repeatable: true,
    timeoutMs: 3_000,
    ...patient,
    undo: {
      request: (id) => ({ url: '/voids', json: { id, key } }),
      whenUnknown: () => ({ url: '/voids', json: { key } }),
    },
  })

export const transfer = defineSaga('transfer', {
  version: 1,
  startsOn: Ledger.events.asked,
  key: ({ key }) => key,
  waits: [Wallet.events.settled],
  signals: [Approve],
  retry,
  async run(saga: Saga<Ctx>, { key, refuses }) {
    await take(saga, key, 'debit')
    await saga.tx(
      'note',
      (tx) => write(tx, key, 'note'),
      (tx) => write(tx, key, 'note back'),
      patient,
    )
    await saga.lock('till', key)
    await saga.sleep(restMs)
    await saga.all([
      (branch) => take(branch, key, 'left'),
      (branch) => take(branch, key, 'right'),
      (branch) =>
        branch.tx(
          'middle',
          (tx) => write(tx, key, 'middle'),
          (tx) => write(tx, key, 'middle back'),
          patient,
        ),
    ])
    await saga.race([
      async (branch) => {
        await branch.sleep(restMs)
        await take(branch, key, 'first offer')
      },
      async (branch) => {
        await take(branch, key, 'second offer')
        await branch.sleep(ageMs)
      },
    ])
    await saga.child(parcel, { key })
    const id = await authorize(saga, key)
    await saga.receive(Approve)
    if (refuses) await saga.step('refuse', (ctx) => ctx.call(Wallet.operations.refuse, { key }))
    await saga.pointOfNoReturn()
    await saga.externalStep('capture', {
      origin: providerOrigin,
      request: { url: '/captures', json: { id, key } },
      read: () => undefined,
      repeatable: true,
      timeoutMs: 3_000,
    })
    await saga.tx('book', (tx) => write(tx, key, 'book'))
    await saga.step('settle', (ctx) => ctx.call(Wallet.operations.settle, { key }))
    await saga.waitFor(Wallet.events.settled)
    await saga.unlock('till', key)
  },
})
