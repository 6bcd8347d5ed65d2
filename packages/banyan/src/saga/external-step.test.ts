/** Steps at external systems: the shop's way with its payment provider, every end, crashes at every point, and the way back. */
import { describe, expect, it } from 'vitest'
import { t } from '../contract/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineSaga } from './define-saga.ts'
import type { ExternalSettings, ExternalStep } from './external.ts'
import { type Charge, createProviderRig, type Fault, json, type ProviderRig } from './external-rig.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import type { Saga, StepContext, UndoContext } from './saga.ts'
import { viewSaga } from './views.ts'

const Input = t.Object({ orderId: t.String(), token: t.String() })
type Order = { readonly orderId: string; readonly token: string }
type Paid = { readonly chargeId: string; readonly amount: number }
type Authorize = ExternalStep<StepContext<object>, UndoContext<object>, Paid>

/** How payments reaches its provider: written once, spread into each step. */
const providerAt = (origin: string): ExternalSettings => ({
  origin: () => origin,
  headers: () => ({ authorization: 'Bearer sk_secret' }),
  timeoutMs: 3_000,
})

/** Sets the money aside; what became of a request without an answer is looked up by the order. */
const authorize = (provider: ExternalSettings, { orderId, token }: Order): Authorize => ({
  ...provider,
  request: { url: '/charges', json: { orderId, amount: 500, currency: 'EUR', token, capture: false } },
  readAlso: [402],
  read({ status, json }) {
    if (status === 402)
      throw new BanyanError('FAILED_PRECONDITION', 'the card was declined', { reason: 'CARD_DECLINED' })
    const { chargeId, authorized } = json<Charge>()
    return { chargeId, amount: authorized }
  },
  probe: {
    request: { method: 'GET', url: `/charges?orderId=${encodeURIComponent(orderId)}` },
    read({ json }) {
      const [charge] = json<readonly Charge[]>()
      if (charge === undefined) return { happened: 'no' }
      return { happened: 'yes', result: { chargeId: charge.chargeId, amount: charge.authorized } }
    },
  },
  undo: { request: ({ chargeId }) => ({ url: `/charges/${chargeId}/void` }) },
})

interface Rigs {
  readonly sagas: SagaRig
  readonly provider: ProviderRig
}
async function start(): Promise<Rigs> {
  const provider = await createProviderRig()
  return { provider, sagas: createSagaRig(1, provider.environment) }
}

interface Plan {
  readonly step?: Partial<Authorize>
  readonly after?: (saga: Saga, paid: Paid) => Promise<unknown>
  readonly before?: (saga: Saga) => Promise<unknown>
}
const checkoutOf = ({ provider }: Rigs, { step, after, before }: Plan = {}) =>
  defineSaga('checkout', {
    version: 1,
    input: Input,
    key: ({ orderId }) => orderId,
    async run(saga: Saga, order: Order) {
      await before?.(saga)
      const paid = await saga.externalStep('authorize', { ...authorize(providerAt(provider.origin), order), ...step })
      await after?.(saga, paid)
      return paid
    },
  }) as never

async function run(rigs: Rigs, token: string, plan: Plan = {}) {
  const saga = checkoutOf(rigs, plan)
  const executor = rigs.sagas.host('one', [saga])
  const id = await rigs.sagas.begin(executor, saga, { orderId: 'o-1', token })
  const ended = await rigs.sagas.until(id, 'completed', 'undone', 'parked')
  const entries = await rigs.sagas.store.sagas.entries(id, 0, 100)
  return { id, ended, entries, saga, outcome: JSON.parse(ended.outcome ?? '{}') }
}
const post = 'POST /charges'
const get = 'GET /charges'
const posts = ({ provider }: Rigs) => provider.heard.filter(({ route }) => route === post)
const fails = async (): Promise<never> => {
  throw new BanyanError('FAILED_PRECONDITION', 'no', { reason: 'NO' })
}
const always = (fault: ReturnType<Fault>): Fault[] => Array.from({ length: 500 }, () => () => fault)

describe('an external step', () => {
  it('gives what was read, and keeps where it went and under which key, but no secret', async () => {
    const rigs = await start()
    const { ended, outcome, entries, id } = await run(rigs, 'tok_ok')
    expect(outcome).toEqual({ ok: { chargeId: 'ch1', amount: 500 } })
    const key = posts(rigs)[0]?.key
    expect(key).toMatch(new RegExp(`^${id}\\.1\\.[0-9a-z]+$`))
    expect(JSON.parse(entries[0]?.body ?? '')).toMatchObject({
      ok: { chargeId: 'ch1' },
      attempts: 1,
      external: { method: 'POST', url: `${rigs.provider.origin}/charges`, key, status: 201, sent: 1, probed: 0 },
    })
    expect(JSON.stringify([ended, entries])).not.toMatch(/sk_secret|tok_ok.*tok_ok/)
  })

  it('fails with the typed error that read throws, and what was before is undone', async () => {
    const rigs = await start()
    const done: string[] = []
    const before = (saga: Saga) =>
      saga.step(
        'reserve',
        () => 'reserved',
        () => done.push('released'),
      )
    const { ended, outcome } = await run(rigs, 'tok_declined', { before })
    expect([ended.state, outcome.error.reason, done]).toEqual(['undone', 'CARD_DECLINED', ['released']])
    expect(rigs.provider.routes()).toEqual([post])
  })

  it('finds by its probe what was done although its answer was lost', async () => {
    const rigs = await start()
    const { outcome } = await run(rigs, 'tok_unknown')
    expect(outcome).toEqual({ ok: { chargeId: 'ch1', amount: 500 } })
    expect(rigs.provider.routes()).toEqual([post, get])
  })

  it('waits for what is late, as a row, and shows what it waits for', async () => {
    const rigs = await start()
    const saga = checkoutOf(rigs)
    const executor = rigs.sagas.host('one', [saga])
    const id = await rigs.sagas.begin(executor, saga, { orderId: 'o-1', token: 'tok_slow' })
    await rigs.provider.environment.advance(4_000)
    const waiting = await rigs.sagas.find(id)
    expect(JSON.parse(waiting.note).retries.x1).toMatchObject({
      outcome: 'unknown',
      error: expect.stringContaining('whether POST http'),
    })
    const { environment } = rigs.provider
    const code = { shapes: [saga as never], operations: new Map() }
    const place = { environment, service: 'orders', sagas: rigs.sagas.store.sagas, code }
    const [shown] = (await environment.run(viewSaga(place, id))).operations
    expect(shown).toMatchObject({
      stands: 'unknown',
      means: expect.stringContaining('nobody knows'),
      retry: { error: expect.stringMatching(/unknown \(sent 1, probed \d\)/) },
    })
    expect((await rigs.sagas.until(id, 'completed', 'parked')).state).toBe('completed')
    expect(posts(rigs)).toHaveLength(1)
    expect(rigs.provider.charges).toHaveLength(1)
    const [done] = (await environment.run(viewSaga(place, id))).operations
    expect(done).toMatchObject({ stands: 'done', external: { method: 'POST', sent: 1 } })
  })

  it('repeats under the same key what certainly was not done', async () => {
    const rigs = await start()
    rigs.provider.faults.push(
      () => json(429, {}, { 'retry-after': '3' }),
      () => json(503, {}, { 'retry-after': '1' }),
    )
    expect((await run(rigs, 'tok_ok')).ended.state).toBe('completed')
    expect(new Set(posts(rigs).map(({ key }) => key)).size).toBe(1)
    expect(rigs.provider.routes()).toEqual([post, post, post])
  })

  it('is counted by what was certainly not done: enough of it, and it fails as not done', async () => {
    const rigs = await start()
    rigs.provider.faults.push(...always(json(429, {})))
    const { ended, entries } = await run(rigs, 'tok_ok', { step: { retry: { maxAttempts: 4 } } })
    expect(ended.state).toBe('undone')
    expect(posts(rigs)).toHaveLength(4)
    expect(JSON.parse(entries[0]?.body ?? '')).toMatchObject({ error: { reason: 'EXTERNAL_BUSY' }, outcome: 'none' })
  })

  it('that stays unknown asks a person after settleMs, and looks again for settleMs when told to go on', async () => {
    const rigs = await start()
    rigs.provider.faults.push(() => 'drop after', ...always(json(500, {})))
    const { ended, id } = await run(rigs, 'tok_ok', { step: { settleMs: 60_000 } })
    expect(ended.state).toBe('parked')
    expect(JSON.parse(ended.note).parked).toMatchObject({
      reason: 'EXTERNAL_UNSETTLED',
      message: expect.stringContaining(`authorize: POST ${rigs.provider.origin}/charges: it is not known whether`),
      seq: 1,
    })
    expect(posts(rigs)).toHaveLength(1)
    expect((await rigs.sagas.find(id)).note).not.toMatch(/sk_secret|x1/)
  })

  it('that stays unknown fails as unknown when told so; its undo asks once more', async () => {
    const rigs = await start()
    rigs.provider.faults.push(() => 'drop after', ...Array.from({ length: 8 }, () => () => json(500, {})))
    const { ended, entries } = await run(rigs, 'tok_ok', { step: { settleMs: 5_000, ifUnsettled: 'fail' } })
    expect(ended.state).toBe('undone')
    expect(JSON.parse(entries[0]?.body ?? '')).toMatchObject({
      error: { reason: 'EXTERNAL_UNSETTLED' },
      outcome: 'unknown',
    })
    expect(rigs.provider.charges).toMatchObject([{ voided: true }])
  })

  it('is refused when what is said of it cannot be: the run is parked', async () => {
    const rigs = await start()
    const { ended } = await run(rigs, 'tok_ok', { step: { settleMs: -1 } })
    expect(JSON.parse(ended.note).parked).toMatchObject({
      reason: 'INVALID_STEP',
      message: expect.stringContaining('settleMs'),
    })
    expect(rigs.provider.heard).toEqual([])
  })

  it('goes on for ever past the point of no return when it certainly was not done', async () => {
    const rigs = await start()
    rigs.provider.faults.push(...Array.from({ length: 30 }, () => () => json(429, {})))
    const before = (saga: Saga) => saga.pointOfNoReturn()
    const { ended } = await run(rigs, 'tok_ok', { before, step: { retry: { maxAttempts: 2, maxMs: 1_000 } } })
    expect(ended.state).toBe('completed')
    expect(posts(rigs)).toHaveLength(31)
  })

  it('has its probe asked in parallel branches as alone', async () => {
    const rigs = await start()
    const saga = defineSaga('both', {
      version: 1,
      input: Input,
      key: ({ orderId }) => orderId,
      run: (saga: Saga, order: Order) =>
        saga.all([
          () => saga.externalStep('a', authorize(providerAt(rigs.provider.origin), { ...order, orderId: 'a' })),
          () => saga.externalStep('b', authorize(providerAt(rigs.provider.origin), { ...order, orderId: 'b' })),
        ]),
    }) as never
    const id = await rigs.sagas.begin(rigs.sagas.host('one', [saga]), saga, { orderId: 'o', token: 'tok_unknown' })
    expect((await rigs.sagas.until(id, 'completed', 'parked')).state).toBe('completed')
    expect(rigs.provider.charges.map(({ orderId }) => orderId).sort()).toEqual(['a', 'b'])
    expect(new Set(posts(rigs).map(({ key }) => key)).size).toBe(2)
  })
})

describe('the way back', () => {
  it('names what was done, under a key of its own', async () => {
    const rigs = await start()
    const { ended } = await run(rigs, 'tok_ok', { after: fails })
    expect(ended.state).toBe('undone')
    expect(rigs.provider.charges).toMatchObject([{ chargeId: 'ch1', voided: true, captured: 0 }])
    const [made, voided] = rigs.provider.heard
    expect(voided?.route).toBe('POST /charges/ch1/void')
    expect(voided?.key).toBeDefined()
    expect(voided?.key).not.toBe(made?.key)
  })

  it('is repeated until it is answered, and may take an answer for done', async () => {
    const rigs = await start()
    rigs.provider.faults.push(
      () => undefined,
      () => 'drop',
      () => json(500, {}),
      () => json(429, {}),
      () => json(404, {}),
    )
    const undo = { request: ({ chargeId }: Paid) => ({ url: `/charges/${chargeId}/void` }), readAlso: [404] }
    const { ended } = await run(rigs, 'tok_ok', { after: fails, step: { undo } })
    expect(ended.state).toBe('undone')
    expect(new Set(rigs.provider.heard.slice(1).map(({ key }) => key)).size).toBe(1)
  })

  it('parks when the provider says no', async () => {
    const rigs = await start()
    const after = async (saga: Saga, { chargeId }: Paid) => {
      await saga.externalStep('capture', {
        ...providerAt(rigs.provider.origin),
        request: { url: `/charges/${chargeId}/capture` },
        read: () => 'captured',
      })
      await fails()
    }
    const { ended } = await run(rigs, 'tok_ok', { after })
    expect(ended.state).toBe('parked')
    expect(JSON.parse(ended.note)).toMatchObject({ failed: { seq: 1, error: { reason: 'EXTERNAL_REFUSED' } } })
  })

  it.each([
    ['happened: it is taken back', 'drop after' as const, [{ voided: true }]],
    ['did not happen: nothing is sent', 'silence' as const, []],
  ])('asks first when it is cancelled while nobody knows: it %s', async (_, fault, charges) => {
    const rigs = await start()
    const { environment } = rigs.provider
    let isAway = true
    rigs.provider.faults.push(() => fault)
    rigs.provider.faults.push(...Array.from({ length: 50 }, () => () => (isAway ? json(500, {}) : undefined)))
    const saga = checkoutOf(rigs)
    const executor = rigs.sagas.host('one', [saga])
    const id = await rigs.sagas.begin(executor, saga, { orderId: 'o-1', token: 'tok_ok' })
    await environment.advance(3_200)
    await rigs.sagas.store.sagas.send(id, {
      id: environment.random.uuidv7(),
      kind: 'cancel',
      name: 'cancel',
      key: '',
      body: JSON.stringify({ by: 'test', why: '' }),
    })
    await environment.advance(2_000)
    isAway = false
    const ended = await rigs.sagas.until(id, 'undone', 'parked', 'completed')
    expect(ended.state).toBe('undone')
    expect(rigs.provider.charges).toMatchObject(charges)
    expect(posts(rigs)).toHaveLength(1)
  })

  it('of what stays unknown is told apart: by its key when there is a way, else a person is asked', async () => {
    for (const whenUnknown of [undefined, () => ({ url: '/voids', json: { order: 'o-1' } })]) {
      const rigs = await start()
      const { provider } = rigs
      provider.faults.push((one) => (one.route === post ? 'drop after' : undefined))
      provider.faults.push(...always(json(500, {})))
      const undo = { request: fails, ...(whenUnknown && { whenUnknown }), readAlso: [500] }
      const step = { settleMs: 1_000, ifUnsettled: 'fail' as const, undo, undoRetry: { maxAttempts: 3 } }
      const { ended } = await run(rigs, 'tok_ok', { step })
      expect(ended.state).toBe(whenUnknown === undefined ? 'parked' : 'undone')
      expect(provider.routes().filter((route) => route === 'POST /voids')).toHaveLength(
        whenUnknown === undefined ? 0 : 1,
      )
    }
  })
})

/** Kills a host: nothing of it is heard any more, and its lease runs out. */
function cutOff({ sagas: { store } }: Rigs, name: string): void {
  const { beat, write } = store.sagas
  const isDead = (holder: string | undefined): boolean => holder === `${name}#1`
  const gone = () => Promise.reject(new BanyanError('UNAVAILABLE', 'cut off', { retryable: true }))
  store.sagas.beat = (holder, ...rest) => (isDead(holder) ? gone() : beat.call(store.sagas, holder, ...rest))
  store.sagas.write = (writes) =>
    writes.some(({ holder }) => isDead(holder)) ? gone() : write.call(store.sagas, writes)
}

describe('a host that dies', () => {
  const points: [string, Fault, string, number][] = [
    ['before the provider hears it', () => 'drop', 'tok_ok', 2],
    ['when the provider has done it', () => 'drop after', 'tok_ok', 1],
    ['while the provider is slow', () => undefined, 'tok_slow', 1],
    ['when it is done and the answer is here, and nothing is written', () => undefined, 'tok_ok', 1],
  ]
  it.each(points)('%s: another goes on under the same key, and it is done once', async (_, fault, token, sent) => {
    for (const step of [{ repeatable: false }, { repeatable: true }]) {
      const rigs = await start()
      const { provider, sagas } = rigs
      provider.faults.push((one) => {
        cutOff(rigs, 'one')
        return fault(one)
      })
      const saga = checkoutOf(rigs, { step })
      const one = sagas.host('one', [saga])
      const id = await sagas.begin(one, saga, { orderId: 'o-1', token })
      await provider.environment.advance(100)
      expect(posts(rigs).length).toBeGreaterThan(0)
      sagas.host('two', [saga])
      expect((await sagas.until(id, 'completed', 'parked', 'undone')).state).toBe('completed')
      expect(new Set(posts(rigs).map(({ key }) => key)).size).toBe(1)
      expect(provider.charges).toHaveLength(1)
      // Where keys are not said to be kept, what may have been done is asked about and not repeated.
      if (step.repeatable !== true) expect(posts(rigs)).toHaveLength(sent)
    }
  })

  it('does not make every later step of its runs suspect: what was begun after the take-over is not asked about', async () => {
    const rigs = await start()
    const { provider, sagas } = rigs
    const saga = checkoutOf(rigs, { before: (one) => one.sleep(60_000) })
    const id = await sagas.begin(sagas.host('one', [saga]), saga, { orderId: 'o-1', token: 'tok_ok' })
    await provider.environment.advance(1_000)
    cutOff(rigs, 'one')
    sagas.host('two', [saga])
    expect((await sagas.until(id, 'completed', 'parked')).state).toBe('completed')
    expect(provider.routes()).toEqual([post])
  })
})
