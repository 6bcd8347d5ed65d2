/** The ports of a host, each effect through them a point. What they give is not changed. */
import type { Bus } from 'banyan/bus'
import type { Environment, HttpClientOptions } from 'banyan/core'
import { createUuidv7 } from 'banyan/core'
import type { SagaWrite, Store, StoreTransaction, TransactOptions } from 'banyan/store'
import type { InboundCall, Transport } from 'banyan/transport'
import type { Points } from './points.ts'

type Method = (...given: unknown[]) => unknown
type Naming = (method: string, given: readonly unknown[]) => string

/** Members that are no effects: listeners, and what is called when the process ends. */
const silent = /^(on[A-Z].*|close|ping|migrate|status|adopt)$/

function wrap<Port extends object>(
  points: Points,
  port: Port,
  name: string,
  toName: Naming,
  only?: ReadonlySet<string>,
): Port {
  return new Proxy(port, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property)
      if (typeof member !== 'function' || typeof property !== 'string' || silent.test(property)) return member
      if (only !== undefined && !only.has(property)) return (member as Method).bind(target)
      return (...given: unknown[]) =>
        points.cross(`${name}.${toName(property, given)}`, () => (member as Method).apply(target, given))
    },
  })
}

const plain: Naming = (method) => method

/** A saga's write by what it says, so that the same write has the same name in every run. */
function toWriteName(writes: readonly SagaWrite[]): string {
  const words = writes.flatMap(({ entries, change }) => [
    // The key of a lock differs by saga.
    ...entries.map(({ kind, name }) => `${kind} ${name.replace(/\/.*/, '')}`),
    ...(change === undefined ? [] : [`→ ${change.to}`]),
  ])
  return words.length === 0 ? '' : `(${words.slice(0, 4).join(', ')})`
}

const nameSagas: Naming = (method, given) => {
  if (method === 'write') return `write${toWriteName(given[0] as readonly SagaWrite[])}`
  if (method === 'lock' || method === 'unlock') return `${method}(${String(given[1])})`
  if (method === 'send') return `send(${(given[1] as { readonly kind: string }).kind})`
  return method
}

const nameIdempotency: Naming = (method, given) => {
  const [first] = given as readonly [string | { readonly scope: string }]
  return `${method}(${typeof first === 'string' ? first : first.scope})`
}

/** What a transaction is for. */
function toTransactName({ delivery, idempotency }: TransactOptions): string {
  if (idempotency !== undefined) return `transact(${idempotency.scope})`
  if (delivery === undefined) return 'transact'
  return Array.isArray(delivery)
    ? 'transact(deliveries)'
    : `transact(delivery ${(delivery as { group: string }).group})`
}

type Work = (tx: StoreTransaction) => Promise<unknown>

/**
 * The work inside is a point of its own, and so is a COMMIT that brings events out, by their types: jobs run transactions all the
 * time, and these are the ones that matter.
 */
async function transact(
  points: Points,
  service: string,
  store: Store,
  work: Work,
  options: TransactOptions,
): Promise<unknown> {
  const name = `${service}.${toTransactName(options)}`
  let published: string[] = []
  const commit = (): string => `${service}.commit(${published.join(', ')})`
  const inside: Work = async (tx) => {
    published = []
    const result = await points.cross(`${name}.work`, () => work(withPublished(tx, published)))
    if (published.length > 0) await points.cross(`${commit()}.begin`, () => undefined)
    return result
  }
  const result = await points.cross(name, () => store.transact(inside, options))
  if (published.length > 0) await points.cross(`${commit()}.end`, () => undefined)
  return result
}

function withPublished(tx: StoreTransaction, published: string[]): StoreTransaction {
  return new Proxy(tx, {
    get(target, property) {
      if (property !== 'publish') return Reflect.get(target, property)
      return (...given: Parameters<StoreTransaction['publish']>) => {
        published.push(given[0].type)
        target.publish(...given)
      }
    },
  })
}

/** One service's database. The end of a transaction's work, with COMMIT not yet sent, is a point of its own. */
export function withStorePoints(points: Points, service: string, store: Store): Store {
  const part = <Port extends object>(port: Port, name: string, toName: Naming = plain): Port =>
    wrap(points, port, `${service}.${name}`, toName)
  const parts: Record<string, unknown> = {
    outbox: part(store.outbox, 'outbox'),
    inbox: part(store.inbox, 'inbox'),
    idempotency: part(store.idempotency, 'idempotency', nameIdempotency),
    scheduled: part(store.scheduled, 'scheduled'),
    sagas: part(store.sagas, 'sagas', nameSagas),
    transact: (work: Work, options: TransactOptions = {}) => transact(points, service, store, work, options),
    sql: (text: TemplateStringsArray, ...values: unknown[]) =>
      points.cross(`${service}.sql`, () => store.sql(text, ...values)),
  }
  return new Proxy(store, {
    get: (target, property) => parts[String(property)] ?? Reflect.get(target, property),
  })
}

const busEffects: ReadonlySet<string> = new Set(['lease', 'append', 'release', 'read', 'end'])

export function withBusPoints(points: Points, bus: Bus): Bus {
  return wrap(
    points,
    bus,
    'bus',
    (method, [first]) => {
      const source = typeof first === 'string' ? first : (first as { readonly source?: string } | undefined)?.source
      return `${method}(${source ?? ''})`
    },
    busEffects,
  )
}

/** Calls on their way out, and on their way in. */
export function withTransportPoints(points: Points, transport: Transport): Transport {
  return {
    connect(address) {
      const channel = transport.connect(address)
      return {
        call: (call) => points.cross(`call(${call.wire})`, () => channel.call(call)),
        close: () => channel.close(),
      }
    },
    listen: (options) =>
      transport.listen({
        ...options,
        handler: (call: InboundCall) => points.cross(`serve(${call.wire})`, () => options.handler(call)),
      }),
  }
}

/** The outside: requests to other people's systems are points, and the calendar may be wrong. */
export function withEnvironmentPoints(points: Points, real: Environment, skew: { ms: number }): Environment {
  const now = (): number => real.clock.now() + skew.ms
  return {
    ...real,
    clock: { now, monotonic: () => real.clock.monotonic() },
    random: { ...real.random, uuidv7: createUuidv7(now, (length) => real.random.bytes(length)) },
    network: {
      listen: (options) => real.network.listen(options),
      connect(origin: string, options?: HttpClientOptions) {
        const client = real.network.connect(origin, options)
        return {
          send: (call) =>
            points.cross(`http(${call.method} ${call.path.replace(/\?.*|[0-9a-f-]{36}.*/, '')})`, () =>
              client.send(call),
            ),
          close: () => client.close(),
        }
      },
    },
  }
}
