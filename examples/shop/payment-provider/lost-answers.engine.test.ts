// The provider as `externalCall` meets it, over real sockets: answers that come, come late, or never come.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BanyanError, type ExternalCall, externalCall } from 'banyan'
import { realEnvironment } from 'banyan/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Charge {
  readonly chargeId: string
  readonly orderId: string
  readonly voided: boolean
}

const environment = realEnvironment()
const program = fileURLToPath(new URL('./main.ts', import.meta.url))

describe('an authorization at the payment provider', () => {
  let child: ChildProcess
  let directory: string
  let origin: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'provider-'))
    const env = { ...process.env, SHOP_PROVIDER_PORT: '0', SHOP_PROVIDER_DATA: directory, SHOP_PROVIDER_SLOW_MS: '600' }
    child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const text of child.stdout?.setEncoding('utf8') ?? []) {
      const found = /listening on (\S+),/.exec(String(text))?.[1]
      if (found === undefined) continue
      origin = found
      break
    }
  })
  afterAll(async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })

  function authorize(orderId: string, token: string, more: Partial<ExternalCall<string>> = {}): Promise<string> {
    return externalCall(environment, {
      origin,
      timeoutMs: 2_000,
      request: { url: '/charges', json: { orderId, amount: 500, currency: 'EUR', token, capture: false } },
      key: `authorize-${orderId}`,
      readAlso: [402],
      read({ status, json }) {
        if (status === 402) throw new BanyanError('FAILED_PRECONDITION', 'declined', { reason: 'CARD_DECLINED' })
        return json<Charge>().chargeId
      },
      probe: {
        request: { method: 'GET', url: `/charges?orderId=${orderId}` },
        read({ json }) {
          const [charge] = json<readonly Charge[]>()
          return charge === undefined ? { happened: 'no' } : { happened: 'yes', result: charge.chargeId }
        },
      },
      ...more,
    })
  }
  const chargesOf = async (orderId: string): Promise<readonly Charge[]> =>
    (await (await fetch(`${origin}/charges?orderId=${orderId}`)).json()) as readonly Charge[]

  it.each([
    ['answered', 'tok_ok', {}],
    ['late', 'tok_slow', { timeoutMs: 200 }],
    ['never answered', 'tok_unknown', {}],
  ])('that is %s is found, and made once', async (_, token, more) => {
    const chargeId = await authorize(`o-${token}`, token, more)
    expect(await chargesOf(`o-${token}`)).toMatchObject([{ chargeId }])
  })

  it('that is late is waited for by asking again where keys are kept', async () => {
    const more = { repeatable: true, timeoutMs: 250, probe: () => ({ happened: 'unknown' as const }) }
    const chargeId = await authorize('o-again', 'tok_slow', more)
    expect(await chargesOf('o-again')).toMatchObject([{ chargeId }])
  })

  it('that is declined is declined', async () => {
    await expect(authorize('o-no', 'tok_declined')).rejects.toMatchObject({
      reason: 'CARD_DECLINED',
      outcome: 'refused',
    })
  })

  it('was not made when the provider is not there', async () => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    await expect(authorize('o-gone', 'tok_ok')).rejects.toMatchObject({
      reason: 'EXTERNAL_UNREACHABLE',
      outcome: 'none',
    })
  })
})
