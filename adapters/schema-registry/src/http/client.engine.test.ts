/** The registry behind a client that others wrote, for Confluent's: register, fetch, encode, decode, be refused. */
import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningRegistry, startRegistry, token } from '../testing/running-registry.ts'

let running: RunningRegistry
let client: SchemaRegistry
const connect = (): SchemaRegistry =>
  new SchemaRegistry({ host: running.origin, auth: { username: 'any', password: token }, retry: { retries: 0 } })

beforeEach(async () => {
  running = await startRegistry()
  client = connect()
})
afterEach(() => running.close())

const avro = (fields: readonly object[]): string =>
  JSON.stringify({ type: 'record', name: 'Order', namespace: 'shop', fields })
const id = { name: 'id', type: 'string' }
const proto = (fields: string): string => `syntax = "proto3"; package shop; message Order { ${fields} }`
const json = (properties: object, required: readonly string[]): string =>
  JSON.stringify({ type: 'object', properties, required })
const text = { type: 'string' }

const kinds = [
  {
    type: SchemaType.AVRO,
    schema: avro([id, { name: 'total', type: 'int' }]),
    value: { id: 'o-1', total: 3 },
    next: avro([id, { name: 'total', type: 'int' }, { name: 'note', type: ['null', 'string'], default: null }]),
    breaking: avro([id, { name: 'total', type: 'int' }, { name: 'by', type: 'string' }]),
    refusal: /'\/by', rule 'required'.*refused: \{"id":"text","total":0,"note":null\}/s,
  },
  {
    type: SchemaType.PROTOBUF,
    schema: proto('string id = 1; int32 total = 2;'),
    value: { id: 'o-1', total: 3 },
    next: proto('string id = 1; int32 total = 2; string note = 3;'),
    breaking: proto('string id = 1; string total = 2;'),
    refusal: /'\/shop\.Order\/total', rule 'type'.*refused: \{"total":1\}/s,
  },
  {
    type: SchemaType.JSON,
    schema: json({ id: text, total: { type: 'integer' } }, ['id']),
    value: { id: 'o-1', total: 3 },
    next: json({ id: text, total: { type: 'integer' }, note: text }, ['id']),
    breaking: json({ id: text, total: { type: 'string' } }, ['id']),
    refusal: /'\/total', rule 'type'.*refused: \{"id":"a","total":0\}/s,
  },
]

test.each(kinds)(
  '$type: register, encode, decode by another client',
  async ({ type, schema, value, next, breaking, refusal }) => {
    const options = { subject: 'orders-value' }
    const registered = await client.register({ type, schema } as never, options)
    const other = connect()
    expect({ ...(await other.decode(await client.encode(registered.id, value))) }).toEqual(value)
    expect(await client.getLatestSchemaId('orders-value')).toBe(registered.id)
    expect(await client.getRegistryIdBySchema('orders-value', { type, schema } as never)).toBe(registered.id)
    const second = await client.register({ type, schema: next } as never, options)
    expect(second.id).toBe(registered.id + 1)
    expect(await client.getRegistryId('orders-value', 2)).toBe(second.id)
    const failure = await client.register({ type, schema: breaking } as never, options).catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 409 })
    expect((failure as Error).message).toMatch(refusal)
  },
)

test("the client's own check of the mode sees what is set", async () => {
  const schema = { type: SchemaType.AVRO, schema: avro([id]) } as const
  await client.register(schema, { subject: 's', compatibility: COMPATIBILITY.FULL })
  expect(await running.registry.compatibility('s')).toBe('FULL')
  await expect(client.register(schema, { subject: 's', compatibility: COMPATIBILITY.NONE })).rejects.toThrow('FULL')
})
