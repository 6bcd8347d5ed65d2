/** A gateway in front of one contract that has a bit of everything, on the virtual network, for the tests of this folder. */
import type { AnyOperation } from '../../contract/index.ts'
import { command, defineContract, error, query, t } from '../../contract/index.ts'
import {
  createVirtualEnvironment,
  type HttpAnswer,
  type HttpClient,
  type VirtualEnvironment,
} from '../../core/index.ts'
import { createGateway, type Gateway, type GatewayOptions, type InvokeOptions } from '../index.ts'

const orderId = t.String({ minLength: 1, maxLength: 40 })
const Line = t.Object({ sku: t.String({ maxLength: 40 }), quantity: t.Integer({ minimum: 1, maximum: 99 }) })
const count = { type: 'object', properties: { count: { type: 'integer' } } }
/** A schema of some other library: it validates by itself, behind the edge. */
const Counted = {
  '~standard': {
    version: 1 as const,
    vendor: 'tests',
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: () => count, output: () => count },
  },
}
const Anything = t.Object({ echo: t.Unknown() })

/** A command and a query of every method, with path, query, header and body fields. */
// biome-ignore lint/suspicious/noExplicitAny: a test contract whose exact type nobody needs (isolatedDeclarations)
export const Orders: any = defineContract('orders', {
  version: '1.2.0',
  owner: 'tests',
  about: 'Orders & <things>.',
  operations: {
    get: query({
      input: t.Object({
        orderId,
        limit: t.Optional(t.Integer({ minimum: 1, maximum: 100 })),
        ratio: t.Optional(t.Number()),
        full: t.Optional(t.Boolean()),
        ids: t.Optional(t.Array(t.Integer(), { maxItems: 5 })),
        view: t.Optional(t.Enum(['short', 'long'])),
        page: t.Optional(t.Union([t.Integer(), t.Literal('last')])),
        text: t.Optional(t.String({ maxLength: 10 })),
        language: t.Optional(t.String()),
      }),
      output: Anything,
      http: 'GET /orders/:orderId',
      headers: { language: 'Accept-Language' },
      timeoutMs: 3_000,
    }),
    latest: query({ input: t.Object({}), output: Anything, http: 'GET /orders/latest' }),
    line: query({
      input: t.Object({ orderId, line: t.Integer() }),
      output: Anything,
      http: 'GET /orders/:orderId/lines/:line',
    }),
    place: command({
      input: t.Object({
        customerId: t.String({ minLength: 1 }),
        items: t.Array(Line, { minItems: 1 }),
        note: t.Optional(t.Unknown()),
      }),
      output: t.Object({ orderId: t.String() }),
      errors: {
        UNKNOWN_SKU: error({
          code: 'NOT_FOUND',
          http: 422,
          about: 'There is no such product.',
          details: t.Object({ sku: t.String() }),
        }),
        CLOSED: error({ code: 'UNAVAILABLE' }),
      },
      http: 'POST /orders',
      success: { status: 202, location: '/orders/:orderId' },
    }),
    cancel: command({
      input: t.Object({ orderId }),
      output: Anything,
      http: 'POST /orders/:orderId/cancel',
      deprecated: true,
    }),
    replace: command({
      input: t.Object({ orderId, version: t.Integer(), note: t.String() }),
      output: Anything,
      http: 'PUT /orders/:orderId',
      headers: { version: 'X-Version' },
    }),
    remove: command({
      input: t.Object({ orderId, force: t.Optional(t.Boolean()) }),
      output: Anything,
      http: 'DELETE /orders/:orderId',
      success: { status: 204 },
    }),
    search: query({ input: t.Object({ words: t.Array(t.String()) }), output: Anything, http: 'POST /searches' }),
    counted: command({
      input: Counted,
      output: Anything,
      http: 'POST /counted',
    }),
    internal: command({ input: t.Object({}), output: Anything }),
  },
})

/** A call that reached the runtime. */
export interface SeenCall {
  readonly operation: AnyOperation
  readonly input: Record<string, unknown>
  readonly options: InvokeOptions
}

/** What a request may have. */
export interface Sending {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Sent as it is, with the content type of JSON unless the headers say otherwise. */
  readonly raw?: string | Uint8Array
}

/** An answer, read. */
export interface Read {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a document of whatever shape the test expects
  readonly json: any
}

/** The gateway with a client. */
export interface OrdersGateway {
  readonly environment: VirtualEnvironment
  readonly gateway: Gateway
  readonly client: HttpClient
  readonly calls: SeenCall[]
  send(method: string, path: string, sending?: Sending): Promise<Read>
}

/** What the runtime does with a call; by default it echoes the input. */
export type Behaviour = (call: SeenCall) => unknown

function read(answer: HttpAnswer): Read {
  const text = answer.text()
  const isJson = answer.headers['content-type']?.includes('json') === true && text !== ''
  return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined }
}

function toCall(sending: Sending): { headers: Record<string, string>; body?: string | Uint8Array } {
  const body = sending.raw ?? (sending.body === undefined ? undefined : JSON.stringify(sending.body))
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  return { headers: { ...type, ...sending.headers }, ...(body === undefined ? {} : { body }) }
}

/** Starts one. */
export async function startOrdersGateway(
  behaviour: Behaviour = ({ input }) => ({ echo: input, orderId: 'o-1' }),
  options: Partial<GatewayOptions> = {},
): Promise<OrdersGateway> {
  const environment = createVirtualEnvironment()
  const calls: SeenCall[] = []
  const gateway = createGateway({
    environment,
    contracts: [Orders],
    info: { name: 'Shop', version: '2.0.0' },
    async invoke(operation, input, invokeOptions) {
      const call = { operation, input: input as Record<string, unknown>, options: invokeOptions }
      calls.push(call)
      return behaviour(call)
    },
    ...options,
  })
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 })
  const client = environment.network.connect(`http://127.0.0.1:${server.port}`)
  return {
    environment,
    gateway,
    client,
    calls,
    send: async (method, path, sending = {}) =>
      read(await environment.run(client.send({ method, path, ...toCall(sending) }))),
  }
}
