import { describe, expect, it } from 'vitest'
import type { Answer } from './answer.ts'
import { type Charges, createCharges } from './charges.ts'
import type { Entry } from './entries.ts'
import { createMemoryLedger, type MemoryLedger } from './memory-ledger.ts'
import { ProviderError } from './provider-error.ts'
import type { ChargeRequest } from './requests.ts'

interface Provider {
  charges: Charges
  ledger: MemoryLedger
  /** Lets `tok_slow` finish. */
  wake: () => void
  slept: number[]
}

function createProvider(
  options: { entries?: Iterable<Entry>; maxEntries?: number; maxInFlight?: number } = {},
): Provider {
  let ids = 0
  const slept: number[] = []
  const slow = Promise.withResolvers<void>()
  const ledger = createMemoryLedger(options)
  const charges = createCharges({
    ...options,
    ledger,
    newId: (prefix) => `${prefix}_${++ids}`,
    now: () => new Date(0),
    sleep: (ms) => {
      slept.push(ms)
      return slow.promise
    },
  })
  return { charges, ledger, slept, wake: () => slow.resolve() }
}

const order = (changes: Partial<ChargeRequest> = {}): ChargeRequest => ({
  orderId: 'o1',
  amount: 500,
  currency: 'EUR',
  token: 'tok_ok',
  ...changes,
})

const idOf = (answer: Answer): string => (answer.body as { chargeId: string }).chargeId

async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(ProviderError)
  const { status, code } = error as ProviderError
  return { status, code }
}

describe('authorizing', () => {
  it('makes one charge, and answers a repeat with the first answer even after the charge has moved on', async () => {
    const { charges, ledger } = createProvider()
    const first = await charges.authorize(order(), 'k')
    expect(first).toMatchObject({ status: 201, body: { orderId: 'o1', authorized: 500, captured: 0, voided: false } })
    await charges.capture(idOf(first))
    const repeat = await charges.authorize(order(), 'k')
    expect(repeat).toEqual({ ...first, replayed: true })
    expect(ledger.entries.filter((entry) => entry.type === 'authorized')).toHaveLength(1)
  })

  it('refuses a key that comes back with another body, whatever differs', async () => {
    const { charges } = createProvider()
    await charges.authorize(order(), 'k')
    for (const change of [{ orderId: 'o2' }, { amount: 501 }, { currency: 'USD' }, { token: 'tok_slow' }]) {
      const refusal = await refusalOf(charges.authorize(order(change), 'k'))
      expect(refusal).toEqual({ status: 422, code: 'idempotency_key_reused' })
    }
  })

  it('makes one charge of requests with one key that arrive together', async () => {
    const { charges, ledger } = createProvider()
    const answers = await Promise.all([1, 2, 3].map(() => charges.authorize(order(), 'k')))
    expect(new Set(answers.map(idOf)).size).toBe(1)
    expect(ledger.entries).toHaveLength(1)
  })

  it('keeps a declined card under its key, and charges nothing', async () => {
    const { charges } = createProvider()
    const first = await charges.authorize(order({ token: 'tok_declined' }), 'k')
    expect(first).toMatchObject({ status: 402, body: { code: 'card_declined' } })
    expect(await charges.authorize(order({ token: 'tok_declined' }), 'k')).toEqual({ ...first, replayed: true })
    expect(await charges.ofOrder('o1')).toEqual({ status: 200, body: [] })
    expect(await charges.authorize(order({ token: 'tok_nonsense' }), 'k2')).toMatchObject({
      status: 402,
      body: { code: 'invalid_token' },
    })
  })

  it('lets tok_slow authorize after five seconds, and not before; a repeat meanwhile waits for the same charge', async () => {
    const { charges, ledger, slept, wake } = createProvider()
    const slow = order({ token: 'tok_slow' })
    const both = Promise.all([charges.authorize(slow, 'k'), charges.authorize(slow, 'k')])
    expect(await refusalOf(charges.authorize(order(), 'k'))).toEqual({ status: 422, code: 'idempotency_key_reused' })
    expect(await charges.ofOrder('o1')).toMatchObject({ body: [] })
    expect(slept).toEqual([5_000])
    wake()
    const [first, second] = await both
    expect(idOf(first)).toBe(idOf(second))
    expect(ledger.entries).toHaveLength(1)
  })

  it('drops the connection for tok_unknown each time, with one charge to be found', async () => {
    const { charges } = createProvider()
    const first = await charges.authorize(order({ token: 'tok_unknown' }), 'k')
    const second = await charges.authorize(order({ token: 'tok_unknown' }), 'k')
    expect([first.dropped, second.dropped]).toEqual([true, true])
    expect((await charges.ofOrder('o1')).body).toHaveLength(1)
  })

  it('refuses what would be beyond its bounds, and changes nothing', async () => {
    const full = createProvider({ maxEntries: 1 })
    await full.charges.authorize(order(), 'a')
    expect(await refusalOf(full.charges.authorize(order(), 'b'))).toEqual({ status: 503, code: 'overloaded' })
    expect((await full.charges.ofOrder('o1')).body).toHaveLength(1)

    const busy = createProvider({ maxInFlight: 1 })
    const slow = busy.charges.authorize(order({ token: 'tok_slow' }), 'a')
    expect(await refusalOf(busy.charges.authorize(order(), 'b'))).toEqual({ status: 503, code: 'overloaded' })
    busy.wake()
    await slow
    expect(await busy.charges.authorize(order(), 'b')).toMatchObject({ status: 201 })
  })
})

describe('a charge', () => {
  it('is captured once, then can be refunded up to what was captured, once per key', async () => {
    const { charges } = createProvider()
    const chargeId = idOf(await charges.authorize(order(), 'k'))
    await charges.capture(chargeId)
    expect(await charges.capture(chargeId)).toMatchObject({ status: 200, body: { captured: 500 } })
    const refund = await charges.refund({ chargeId, amount: 200 }, 'r1')
    expect(await charges.refund({ chargeId, amount: 200 }, 'r1')).toEqual({ ...refund, replayed: true })
    expect(await refusalOf(charges.refund({ chargeId, amount: 201 }, 'r1'))).toMatchObject({ status: 422 })
    expect(await refusalOf(charges.refund({ chargeId, amount: 301 }, 'r2'))).toEqual({
      status: 409,
      code: 'refund_exceeds_captured',
    })
    await charges.refund({ chargeId, amount: 300 }, 'r2')
    expect(await charges.ofOrder('o1')).toMatchObject({ body: [{ authorized: 500, captured: 500, refunded: 500 }] })
  })

  it('is either captured or voided, whichever comes first, even in the same moment', async () => {
    const { charges } = createProvider()
    const chargeId = idOf(await charges.authorize(order(), 'k'))
    const [captured, voided] = await Promise.allSettled([charges.capture(chargeId), charges.void(chargeId)])
    expect([captured.status, voided.status]).toEqual(['fulfilled', 'rejected'])
    expect(await refusalOf(charges.void(chargeId))).toEqual({ status: 409, code: 'charge_captured' })

    const other = idOf(await charges.authorize(order(), 'k2'))
    await charges.void(other)
    expect(await charges.void(other)).toMatchObject({ status: 200, body: { voided: true, captured: 0 } })
    expect(await refusalOf(charges.capture(other))).toEqual({ status: 409, code: 'charge_voided' })
    expect(await refusalOf(charges.refund({ chargeId: other, amount: 1 }, 'r'))).toMatchObject({ status: 409 })
  })

  it('that does not exist is not found', async () => {
    const { charges } = createProvider()
    const missing = { status: 404, code: 'charge_not_found' }
    expect(await refusalOf(charges.capture('ch_9'))).toEqual(missing)
    expect(await refusalOf(charges.void('ch_9'))).toEqual(missing)
    expect(await refusalOf(charges.refund({ chargeId: 'ch_9', amount: 1 }, 'r'))).toEqual(missing)
  })
})

describe('after a restart', () => {
  it('charges, amounts and answered keys are as before', async () => {
    const before = createProvider()
    const first = await before.charges.authorize(order(), 'k')
    const declined = await before.charges.authorize(order({ token: 'tok_declined' }), 'd')
    await before.charges.capture(idOf(first))
    const refund = await before.charges.refund({ chargeId: idOf(first), amount: 100 }, 'r')
    const after = createProvider({ entries: before.ledger.entries })
    expect(await after.charges.ofOrder('o1')).toEqual(await before.charges.ofOrder('o1'))
    expect(await after.charges.authorize(order(), 'k')).toEqual({ ...first, replayed: true })
    expect(await after.charges.authorize(order({ token: 'tok_declined' }), 'd')).toEqual({
      ...declined,
      replayed: true,
    })
    expect(await after.charges.refund({ chargeId: idOf(first), amount: 100 }, 'r')).toEqual({
      ...refund,
      replayed: true,
    })
  })
})

describe('listing', () => {
  it('pages through all charges, each once, in the order they were made', async () => {
    const { charges } = createProvider()
    for (let i = 0; i < 5; i++) await charges.authorize(order({ orderId: `o${i}` }), `k${i}`)
    const seen: string[] = []
    let after: string | undefined
    for (let page = 0; page < 10; page++) {
      const items = (await charges.page(after, 2)).body as { chargeId: string; orderId: string }[]
      seen.push(...items.map((item) => item.orderId))
      after = items.at(-1)?.chargeId
      if (items.length < 2) break
    }
    expect(seen).toEqual(['o0', 'o1', 'o2', 'o3', 'o4'])
    expect(await refusalOf(charges.page('ch_nobody', 2))).toMatchObject({ status: 400 })
  })

  it('hands out copies: what is done to an answer does not change the books', async () => {
    const { charges } = createProvider()
    await charges.authorize(order(), 'k')
    const items = (await charges.ofOrder('o1')).body as { captured: number }[]
    for (const item of items) item.captured = 1
    expect(await charges.ofOrder('o1')).toMatchObject({ body: [{ captured: 0 }] })
  })
})
