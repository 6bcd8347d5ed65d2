import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { BanyanError } from '../core/error.ts'
import { Library } from './fixtures/library.ts'
import { command, defineContract, error, event, eventsOf, isContract, operationsOf, query, t } from './index.ts'

describe('a contract', () => {
  test('is data: members, operations and events with their names on the wire', () => {
    expect(Library).toMatchObject({ $banyan: 'contract', name: 'library', version: '2.1.0', major: 2 })
    expect(Library.lend).toBe(Library.operations.lend)
    expect(Library.lend).toMatchObject({
      kind: 'command',
      contract: 'library',
      name: 'lend',
      major: 2,
      wire: 'library.v2/lend',
      http: 'POST /books/:isbn/loans',
      success: { status: 201, location: '/loans/:loanId' },
      headers: { ifMatch: 'If-Match' },
      idempotent: false,
      timeoutMs: 2_000,
    })
    expect(Library.book).toMatchObject({ kind: 'query', idempotent: true, timeoutMs: 10_000 })
    expect(Library.events.outlined).toMatchObject({
      kind: 'event',
      contract: 'library',
      name: 'outlined',
      major: 2,
      wire: 'library.outlined.v2',
      key: 'isbn',
      eventKind: 'notification',
    })
    expect(Library.events.lent).toMatchObject({ wire: 'library.lent.v1', eventKind: 'state' })
  })

  test('cannot be changed', () => {
    const frozen = [Library, Library.operations, Library.lend, Library.lend.errors, Library.events.lent, Library.terms]
    expect(frozen.every((part) => Object.isFrozen(part))).toBe(true)
  })

  test('may be awaited, and lists its parts', async () => {
    expect(await Library).toBe(Library)
    expect(operationsOf(Library).map(({ name }) => name)).toContain('recount')
    expect(eventsOf(Library).map(({ name }) => name)).toEqual(['lent', 'outlined'])
    expect([isContract(Library), isContract(Library.lend), isContract(undefined)]).toEqual([true, false, false])
  })

  test('shares an operation with no other contract', () => {
    const ping = query({ input: t.Object({}), output: t.Object({}) })
    const a = defineContract('a', { version: '1.0.0', owner: 'x', operations: { ping } })
    const b = defineContract('b', { version: '2.0.0', owner: 'x', operations: { ping } })
    expect([a.ping.wire, b.ping.wire]).toEqual(['a.v1/ping', 'b.v2/ping'])
  })
})

const input = t.Object({ id: t.String(), count: t.Optional(t.Integer()), parts: t.Array(t.Object({})) })
const output = t.Object({ orderId: t.String(), maybe: t.Optional(t.String()) })

/** What defineContract says about one bad operation, or one bad event. The types would refuse most of them. */
function faultOf(parts: {
  op?: unknown
  ev?: unknown
  name?: string
  spec?: object
  opName?: string
  evName?: string
}) {
  const operations = parts.op === undefined ? {} : { [parts.opName ?? 'go']: parts.op }
  const events = parts.ev === undefined ? {} : { [parts.evName ?? 'gone']: parts.ev }
  try {
    defineContract(parts.name ?? 'a', { version: '1.0.0', owner: 'x', operations, events, ...parts.spec } as never)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(BanyanError)
    expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_CONTRACT' })
    return (thrown as Error).message.split('\n').slice(1).join('\n')
  }
  return 'no fault'
}
const loose = (make: (spec: never) => unknown, spec: object): unknown => make({ input, output, ...spec } as never)
const get = (spec: object): unknown => loose(query as never, spec)
const post = (spec: object): unknown => loose(command as never, spec)
const upcaster = (data: object): object => data
const happening = (spec: object): unknown => event({ key: 'orderId', data: output, ...spec } as never)

describe('is refused', () => {
  test.each([
    ['a name with capitals', { name: 'Orders' }, "name 'Orders' must be lower case letters"],
    ['a long name', { name: 'a'.repeat(41) }, 'longer than 40 characters'],
    ['a version of two parts', { spec: { version: '1.0' } }, "version '1.0' must be a semantic version"],
    ['a version with a leading zero', { spec: { version: '01.0.0' } }, 'must be a semantic version'],
    ['no owner', { spec: { owner: ' ' } }, 'owner must name the team'],
  ])('%s', (_name, parts, message) => expect(faultOf(parts)).toContain(message))

  test.each([
    [
      'a reserved name',
      { opName: 'events', op: get({}) },
      "operation 'events': 'events' is a member of every contract",
    ],
    ['then', { opName: 'then', op: get({}) }, 'is a member of every contract'],
    ['a name with $', { opName: '$go', op: get({}) }, "starts with '$' belongs to Banyan"],
    ['a name with -', { opName: 'go-on', op: get({}) }, 'must be camelCase'],
    ['something else than an operation', { op: { kind: 'command' } }, 'is no operation: make it with command'],
    ['null for an operation', { op: null }, 'is no operation'],
    ['a string as schema', { op: get({ input: 'hello' }) }, 'input is no schema: make it with t'],
    ['a plain object as schema', { op: get({ output: { type: 'object' } }) }, 'output is no schema'],
    ['an input that is no object', { op: get({ input: t.String() }) }, 'input must be an object'],
    [
      'a date in Zod',
      { op: get({ output: z.object({ at: z.date() }) }) },
      'output cannot be written as JSON Schema: Date',
    ],
    [
      'a Zod transformation with no known result',
      { op: post({ input: z.object({ a: z.string().transform(Number) }) }) },
      'input (after its transformations) cannot be written as JSON Schema',
    ],
    [
      'a misspelled keyword',
      { op: get({ output: t.Unsafe({ type: 'object', properties: { a: { type: 'string', minLenght: 1 } } }) }) },
      "output cannot be used: schema #/properties/a, keyword 'minLenght': unknown keyword; did you mean 'minLength'?",
    ],
    [
      'a default that breaks its own rule',
      { op: get({ output: t.Object({ a: t.Optional(t.Integer({ default: 0.5 })) }) }) },
      "keyword 'default'",
    ],
    [
      'a function in a schema',
      { op: get({ output: t.Unsafe({ examples: [() => 1] }) }) },
      'has a function at #/examples/0',
    ],
    [
      'a reason in small letters',
      { op: get({ errors: { gone: t.Object({}) } }) },
      "errors: 'gone' must be in capitals",
    ],
    ['an unknown code', { op: get({ errors: { GONE: error({ code: 'CONFLICT' as never }) } }) }, "has code 'CONFLICT'"],
    [
      'an error with a status of success',
      { op: get({ errors: { GONE: error({ code: 'ABORTED', http: 200 }) } }) },
      'has http 200',
    ],
    [
      'an error whose details are no schema',
      { op: get({ errors: { GONE: 'x' } }) },
      "errors: details of 'GONE' is no schema",
    ],
    ['timeoutMs 0', { op: get({ timeoutMs: 0 }) }, 'timeoutMs is 0, but must be a whole number from 1 to 3600000'],
    ['timeoutMs NaN', { op: get({ timeoutMs: Number.NaN }) }, 'timeoutMs is NaN'],
    ['timeoutMs over an hour', { op: get({ timeoutMs: 3_600_001 }) }, 'timeoutMs is 3600001'],
    ['an unknown method', { op: get({ http: 'FETCH /a' }) }, "http: 'FETCH /a' is no route"],
    ['a command by GET', { op: post({ http: 'GET /a' }) }, 'GET must not change anything'],
    ['a query by PUT', { op: get({ http: 'PUT /a' }) }, 'its method is GET (or POST), not PUT'],
    [
      'a path parameter that is no field',
      { op: post({ http: 'POST /a/:idd' }) },
      "path parameter ':idd' is not a field of input",
    ],
    [
      'a path parameter of every object',
      { op: post({ http: 'POST /a/:toString' }) },
      "':toString' is not a field of input",
    ],
    ['an optional path parameter', { op: post({ http: 'POST /a/:count' }) }, "':count' may not be optional"],
    ['a list as path parameter', { op: post({ http: 'POST /a/:parts' }) }, "':parts' must be a string"],
    [
      'objects in the query string',
      { op: get({ http: 'GET /a/:id' }) },
      "input field 'parts' would travel in the query string of GET",
    ],
    [
      'a location of no field',
      { op: post({ http: 'POST /a', success: { location: '/a/:x' } }) },
      "location parameter ':x' is not a field of output",
    ],
    [
      'an optional location',
      { op: post({ http: 'POST /a', success: { location: '/a/:maybe' } }) },
      "':maybe' must be a string, a number or a boolean, and always there",
    ],
    [
      'a bad location',
      { op: post({ http: 'POST /a', success: { location: 'a' } }) },
      "success: location 'a' must start with '/'",
    ],
    ['success 302', { op: post({ http: 'POST /a', success: { status: 302 } }) }, 'status 302 is not one of'],
    ['success without a route', { op: post({ success: { status: 201 } }) }, 'success: the operation has no http route'],
    ['headers without a route', { op: post({ headers: { id: 'X-Id' } }) }, 'headers: the operation has no http route'],
    [
      'a header for no field',
      { op: post({ http: 'POST /a', headers: { x: 'X-Id' } }) },
      "headers: 'x' is not a field of input",
    ],
    [
      'a header for a list',
      { op: post({ http: 'POST /a', headers: { parts: 'X-Id' } }) },
      "headers: 'parts' must be a string",
    ],
    [
      'a header that is a path parameter',
      { op: post({ http: 'POST /a/:id', headers: { id: 'X-Id' } }) },
      "'id' is already a path parameter",
    ],
    [
      'a header with a space',
      { op: post({ http: 'POST /a', headers: { id: 'X Id' } }) },
      "headers: 'X Id' is no header name",
    ],
    [
      'a header of ours',
      { op: post({ http: 'POST /a', headers: { id: 'Idempotency-Key' } }) },
      "'Idempotency-Key' is not an input's to use",
    ],
  ])('%s', (_name, parts, message) => expect(faultOf(parts)).toContain(message))

  test.each([
    ['an event by an operation', { ev: get({}) }, "event 'gone': is no event"],
    [
      'an unknown kind',
      { ev: happening({ kind: 'fat' }) },
      "kind 'fat' is not one of 'notification', 'state', 'sourced'",
    ],
    [
      'an upcaster of its own version',
      { ev: happening({ version: 2, upcast: { 2: upcaster } }) },
      'upcast 2 must be a version before 2',
    ],
    [
      'an upcaster of no version',
      { ev: happening({ version: 2, upcast: { v1: upcaster } }) },
      'upcast v1 must be a version before 2',
    ],
    [
      'a hole between upcasters',
      { ev: happening({ version: 4, upcast: { 1: upcaster, 3: upcaster } }) },
      'upcast has no way from version 2 to 3',
    ],
    [
      'an upcaster that is data',
      { ev: happening({ version: 2, upcast: { 1: {} } }) },
      'upcast 1 must be a function from version 1 to the next',
    ],
    ['retention of nothing', { ev: happening({ retention: {} }) }, 'retention says nothing: give ageMs, bytes or both'],
    [
      'retention of half a byte',
      { ev: happening({ retention: { bytes: 0.5 } }) },
      'retention: bytes must be a whole number from 1',
    ],
    [
      'retention by another word',
      { ev: happening({ retention: { days: 7 } }) },
      "retention has no 'days': it takes ageMs and bytes",
    ],
    ['a name with a dot', { evName: 'go.ne', ev: happening({}) }, "event 'go.ne': the name must be camelCase"],
    ['a key that is no field', { ev: happening({ key: 'orderID' }) }, "key 'orderID' is not a field of data"],
    ['an optional key', { ev: happening({ key: 'maybe' }) }, "key 'maybe' may not be optional in data"],
    [
      'a number as key',
      { ev: event({ key: 'n', data: t.Object({ n: t.Integer() }) }) },
      "key 'n' must be a string in data",
    ],
    ['data that is no object', { ev: happening({ data: t.Array(t.String()) }) }, 'data must be an object'],
    ['version 0', { ev: happening({ version: 0 }) }, 'version 0 must be a whole number from 1'],
    ['an unknown kind', { ev: happening({ kind: 'fat' }) }, "kind 'fat' is not one of"],
  ])('%s', (_name, parts, message) => expect(faultOf(parts)).toContain(message))

  test('a schema that contains itself', () => {
    const loop: Record<string, unknown> = { type: 'object' }
    loop['properties'] = { loop }
    expect(faultOf({ op: get({ output: t.Unsafe(loop) }) })).toContain(
      'is nested deeper than 64 levels, or contains itself',
    )
  })

  test('two operations on one route, and one path under two names', () => {
    const level = (http: string): unknown =>
      query({ input: t.Object({ id: t.String(), sku: t.String() }), output, http } as never)
    const spec = { operations: { a: level('GET /a/:id'), b: level('GET /a/:sku'), c: level('POST /a/:sku') } }
    const faults = faultOf({ spec })
    expect(faults).toContain("operation 'b': http: 'a' has the same route")
    expect(faults).toContain("operation 'c': http: '/a/:sku' is the path '/a/:id': name its parameters alike")
  })

  test('all at once, a line each', () => {
    expect(() =>
      defineContract('A', {
        version: '1' as never,
        owner: '',
        operations: { go: get({ timeoutMs: 0, input: t.String() }) as never },
        events: { gone: happening({ key: 'x' }) as never },
      }),
    ).toThrowErrorMatchingInlineSnapshot(`
      [BanyanError: contract 'A' has 6 faults:
        - name 'A' must be lower case letters, digits and '-', a letter first
        - version '1' must be a semantic version, like '1.0.0'
        - owner must name the team that answers for it
        - operation 'go': input must be an object, so that fields can be added: wrap it in t.Object({ … })
        - operation 'go': timeoutMs is 0, but must be a whole number from 1 to 3600000
        - event 'gone': key 'x' is not a field of data]
    `)
  })
})

test('key fields may be made by any schema that gives strings only', () => {
  const data = z.object({ id: z.enum(['a', 'b']), at: z.iso.datetime() })
  const made = defineContract('a', {
    version: '1.0.0',
    owner: 'x',
    operations: {},
    events: { e: event({ key: 'id', data }) },
  })
  expect(made.events.e.key).toBe('id')
})
