/** Policies per event type inside one group, and the ways to say that trying again cannot help. */
import { describe, expect, it } from 'vitest'
import { BanyanError } from '../core/error.ts'
import { createDeliveryRig, type DeliveryRig } from '../testing/suites/delivery-rig.ts'
import { labels, sampleEvent } from '../testing/suites/sample.ts'
import type { ConsumerOptions } from './consumer-options.ts'
import { Unretryable } from './unretryable.ts'

/** Events `type/key:label`, in the log. */
async function createTypedRig(...all: string[]): Promise<DeliveryRig> {
  const rig = createDeliveryRig()
  for (const one of all) {
    const [type = '', label = ''] = one.split('/')
    const event = { ...sampleEvent(label, label.split(':')[0]), type }
    await rig.producer.transact(async (tx) => tx.publish(event))
  }
  const relay = rig.relay()
  relay.start()
  await rig.environment.run(relay.stop())
  return rig
}

const subscriptions = new Set(['hasty', 'patient', 'plain'])
const policyOf: NonNullable<ConsumerOptions['policyOf']> = (type) =>
  ({
    hasty: { retry: { maxAttempts: 2, firstMs: 10, factor: 1, maxMs: 10 } },
    patient: { retry: { maxAttempts: 4, firstMs: 1_000, factor: 3, maxMs: 5_000 } },
  })[type]

describe('a policy of an event type', () => {
  it('says how often and when, beside other types in one group', async () => {
    const rig = await createTypedRig('hasty/h:1', 'patient/p:1', 'plain/q:1')
    const at = new Map<string, number[]>()
    const environment = { ...rig.environment, random: { ...rig.environment.random, next: () => 1 } }
    const startMs = rig.environment.clock.monotonic()
    const behaviour = async (event: { type: string }): Promise<void> => {
      at.set(event.type, [...(at.get(event.type) ?? []), rig.environment.clock.monotonic() - startMs])
      throw new Error('no')
    }
    rig.consume(behaviour, { environment, subscriptions, policyOf }).start()
    await rig.environment.advance(600_000)
    expect(at.get('hasty')).toEqual([0, 10])
    expect(at.get('patient')).toEqual([0, 1_000, 4_000, 9_000])
    expect(at.get('plain')).toHaveLength(8)
    expect((await rig.consumer.inbox.parked(10)).map((one) => [one.type, one.attempts])).toEqual([
      ['hasty', 2],
      ['patient', 4],
      ['plain', 8],
    ])
  })

  it('keeps the order of a key over types of different policies', async () => {
    const rig = await createTypedRig('patient/k:1', 'hasty/k:2', 'plain/k:3')
    let failures = 3
    const behaviour = async (event: { type: string }): Promise<void> => {
      if (event.type === 'patient' && failures-- > 0) throw new Error('not yet')
    }
    rig.consume(behaviour, { subscriptions, policyOf }).start()
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toEqual(['k:1', 'k:2', 'k:3'])
  })

  it('parks at once what it calls terminal, and what a handler throws as Unretryable', async () => {
    const rig = await createTypedRig('hasty/a:1', 'plain/b:1', 'plain/c:1')
    const isTerminal = (error: unknown): boolean => (error as BanyanError).reason === 'OUT_OF_STOCK'
    const behaviour = async (event: { envelope: string }): Promise<void> => {
      const [label] = labels([event])
      if (label === 'b:1') throw new Unretryable('no rate for XYZ: add it, then replay')
      throw new BanyanError('FAILED_PRECONDITION', 'none left', { reason: 'OUT_OF_STOCK' })
    }
    const policies = { subscriptions, policyOf: (type: string) => (type === 'hasty' ? { isTerminal } : undefined) }
    const consumer = rig.consume(behaviour, policies)
    consumer.start()
    await rig.environment.advance(40)
    expect((await rig.consumer.inbox.parked(10)).map((one) => [one.key, one.attempts, one.error])).toEqual([
      ['a', 1, 'FAILED_PRECONDITION: none left'],
      ['b', 1, 'FAILED_PRECONDITION: no rate for XYZ: add it, then replay'],
    ])
    await rig.environment.advance(60_000)
    expect((await rig.consumer.inbox.parked(10)).map((one) => one.attempts)).toEqual([1, 1, 8])
  })
})
