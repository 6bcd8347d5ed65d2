/**
 * A payment provider in memory for the tests of external steps: somebody else's HTTP API as the shop's has it. Keys are kept, `tok_slow`
 * is carried out late, `tok_unknown` is carried out and then the connection breaks, again at each repeat. Each fault can be ordered.
 */
import type { HttpAnswer, HttpCall, HttpRequest, HttpResponse } from '../core/environment/network.ts'
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { BanyanError } from '../core/error.ts'

/** A charge, as the provider tells it. */
export interface Charge {
  readonly chargeId: string
  readonly orderId: string
  readonly authorized: number
  captured: number
  refunded: number
  voided: boolean
}

/** One request that came in. */
export interface Heard {
  readonly route: string
  readonly key: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

/** Answers instead of the provider; undefined lets it answer. */
export type Fault = (heard: Heard) => HttpResponse | 'drop' | 'drop after' | 'silence' | undefined

export interface ProviderRig {
  readonly environment: VirtualEnvironment
  readonly origin: string
  readonly charges: Charge[]
  readonly heard: Heard[]
  /** Takes the next fault for each request, in order; nothing is wrong when there is none left. */
  readonly faults: Fault[]
  /** Requests by route, without their keys. */
  routes(): readonly string[]
}

const slowMs = 5_000
const dropped = 'x-dropped'

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

/** The virtual network, on which answers may be lost with the connection. */
function withDrops(environment: VirtualEnvironment): VirtualEnvironment {
  const { network } = environment
  const connect: typeof network.connect = (origin, options) => {
    const client = network.connect(origin, options)
    return {
      close: () => client.close(),
      async send(call: HttpCall): Promise<HttpAnswer> {
        const answer = await client.send(call)
        if (answer.headers[dropped] === undefined) return answer
        throw new BanyanError('UNAVAILABLE', 'the connection broke', {
          reason: 'CONNECTION_BROKEN',
          outcome: 'unknown',
        })
      },
    }
  }
  return { ...environment, network: { ...network, connect } }
}

const drop = (): HttpResponse => ({ status: 599, headers: { [dropped]: '1' } })

class Provider {
  readonly charges: Charge[] = []
  readonly #answers = new Map<string, Promise<HttpResponse>>()
  readonly #environment: VirtualEnvironment
  constructor(environment: VirtualEnvironment) {
    this.#environment = environment
  }

  async answer({ route, key, body }: Heard, query: string): Promise<HttpResponse> {
    const [, id = '', action] = /^POST \/charges\/(\w+)\/(\w+)$/.exec(route) ?? []
    if (route === 'GET /charges') {
      const orderId = new URLSearchParams(query).get('orderId')
      return json(
        200,
        this.charges.filter((charge) => charge.orderId === orderId),
      )
    }
    if (route === 'POST /charges') return this.#once(key, () => this.#authorize(body))
    if (route === 'POST /refunds') return this.#once(key, async () => this.#refund(body))
    const charge = this.charges.find(({ chargeId }) => chargeId === id)
    if (charge === undefined) return json(404, { code: 'charge_not_found' })
    if (action === 'void') {
      if (charge.captured > 0) return json(409, { code: 'charge_captured' })
      charge.voided = true
    } else charge.captured = charge.authorized
    return json(200, charge)
  }

  #once(key: string | undefined, act: () => Promise<HttpResponse>): Promise<HttpResponse> {
    if (key === undefined) return Promise.resolve(json(400, { code: 'idempotency_key_missing' }))
    // A repeat of what is under way waits for its answer.
    const answer = this.#answers.get(key) ?? act()
    this.#answers.set(key, answer)
    return answer
  }

  async #authorize({ orderId, amount, token }: Heard['body']): Promise<HttpResponse> {
    if (token === 'tok_slow')
      await new Promise<void>((resolve) => void this.#environment.timers.after(slowMs, () => resolve()))
    if (token === 'tok_declined') return json(402, { code: 'card_declined' })
    const chargeId = `ch${this.charges.length + 1}`
    const charge = {
      chargeId,
      orderId: String(orderId),
      authorized: Number(amount),
      captured: 0,
      refunded: 0,
      voided: false,
    }
    this.charges.push(charge)
    return token === 'tok_unknown' ? drop() : json(201, { ...charge })
  }

  #refund({ chargeId, amount }: Heard['body']): HttpResponse {
    const charge = this.charges.find((one) => one.chargeId === chargeId)
    if (charge === undefined) return json(404, { code: 'charge_not_found' })
    charge.refunded += Number(amount)
    return json(201, { chargeId, amount })
  }
}

async function toHeard(request: HttpRequest): Promise<Heard> {
  const text = new TextDecoder().decode(await request.body(1_048_576))
  const { headers, method, target } = request
  const route = `${method} ${target.split('?')[0]}`
  return { route, key: headers['idempotency-key'], headers, body: text.startsWith('{') ? JSON.parse(text) : {} }
}

/** Starts one on a network of its own, or on that of an environment. */
export async function createProviderRig(given?: VirtualEnvironment): Promise<ProviderRig> {
  const environment = withDrops(given ?? createVirtualEnvironment({ seed: 7 }))
  const provider = new Provider(environment)
  const heard: Heard[] = []
  const faults: Fault[] = []
  const { port } = await environment.network.listen({
    host: '127.0.0.1',
    port: 0,
    handler: async (request, respond) => {
      const one = await toHeard(request)
      heard.push(one)
      const fault = faults.shift()?.(one)
      if (fault === 'silence') return
      if (fault === 'drop') return respond(drop())
      if (fault !== undefined && fault !== 'drop after') return respond(fault)
      const answer = await provider.answer(one, request.target.split('?')[1] ?? '')
      respond(fault === 'drop after' ? drop() : answer)
    },
  })
  return {
    environment,
    origin: `http://127.0.0.1:${port}`,
    charges: provider.charges,
    heard,
    faults,
    routes: () => heard.map(({ route }) => route),
  }
}
