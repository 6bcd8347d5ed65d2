// Authorizing: one charge or one refusal per Idempotency-Key, also when the same request comes again while the first one
// is still thinking (`tok_slow`): then it waits for that one's answer.

import { type Answer, chargeAnswer } from './answer.ts'
import type { Books } from './books.ts'
import type { Authorized, Declined } from './entries.ts'
import { assertSameBody, toFingerprint } from './fingerprint.ts'
import type { Ledger } from './ledger.ts'
import { overloaded } from './provider-error.ts'
import type { Recorder } from './recorder.ts'
import type { ChargeRequest } from './requests.ts'

export interface AuthorizeOptions {
  books: Books
  ledger: Ledger
  record: Recorder
  newId: (prefix: string) => string
  at: () => string
  sleep: (ms: number) => Promise<void>
  slowMs: number
  maxInFlight: number
}

export type Authorize = (request: ChargeRequest, key: string) => Promise<Answer>

interface InFlight {
  fingerprint: string
  answer: Promise<Answer>
}

export function createAuthorize(options: AuthorizeOptions): Authorize {
  const { books, ledger, record, newId, at, sleep, slowMs, maxInFlight } = options
  const inFlight = new Map<string, InFlight>()

  async function decide(request: ChargeRequest, key: string, fingerprint: string): Promise<Answer> {
    const { token, ...rest } = request
    if (token === 'tok_slow') await sleep(slowMs)
    const refusal = refusalOf(token)
    const entry: Authorized | Declined = refusal
      ? { type: 'declined', at: at(), key, fingerprint, ...refusal }
      : { type: 'authorized', at: at(), key, fingerprint, chargeId: newId('ch'), ...rest, token }
    await record(entry)
    return chargeAnswer(entry)
  }

  return async function authorize(request: ChargeRequest, key: string): Promise<Answer> {
    const fingerprint = toFingerprint(request)
    const known = books.chargeAnswer(key)
    const running = inFlight.get(key)
    assertSameBody(known ?? running, fingerprint)
    if (running) return { ...(await running.answer), replayed: true }
    if (known) {
      await ledger.settled()
      return { ...chargeAnswer(known), replayed: true }
    }
    if (inFlight.size >= maxInFlight) throw overloaded()
    const answer = decide(request, key, fingerprint).finally(() => inFlight.delete(key))
    inFlight.set(key, { fingerprint, answer })
    return answer
  }
}

function refusalOf(token: string): { code: string; message: string } | undefined {
  if (token === 'tok_ok' || token === 'tok_slow' || token === 'tok_unknown') return undefined
  if (token === 'tok_declined') return { code: 'card_declined', message: 'the card was declined' }
  return { code: 'invalid_token', message: 'there is no such payment token' }
}
