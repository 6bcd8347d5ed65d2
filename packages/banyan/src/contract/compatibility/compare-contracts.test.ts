/** Two versions of a contract, and the directions in which each part of it is read. */
import { expect, test } from 'vitest'
import type { ContractDocument } from '../document.ts'
import { command, defineContract, event, t, toContractDocument } from '../index.ts'
import { compareContracts } from './compare-contracts.ts'
import { checkCompatibility, compatibilityModes, rulesOf } from './modes.ts'

const { Object: object, String: text, Optional: optional, Integer: integer } = t

interface Parts {
  readonly input?: ReturnType<typeof object>
  readonly output?: ReturnType<typeof object>
  readonly sold?: ReturnType<typeof integer>
  readonly data?: ReturnType<typeof object>
  readonly key?: string
}

function contract(parts: Parts): ContractDocument {
  const id = object({ id: text() })
  return toContractDocument(
    defineContract('orders', {
      version: '1.4.0',
      owner: 'sales',
      operations: {
        place: command({
          input: parts.input ?? id,
          output: parts.output ?? id,
          errors: { SOLD_OUT: object({ left: parts.sold ?? integer() }) },
        }),
      },
      events: {
        placed: event({ key: (parts.key ?? 'id') as never, data: parts.data ?? object({ id: text(), by: text() }) }),
      },
    }),
  )
}

const changes = (before: Parts, after: Parts): readonly unknown[] =>
  compareContracts(contract(before), contract(after)).changes.map(({ wire, part, incompatibility }) => [
    wire,
    part,
    incompatibility?.direction,
    incompatibility?.path,
    incompatibility?.rule,
  ])

test('the same contract has no changes', () => {
  expect(compareContracts(contract({}), contract({}))).toEqual({ verdict: 'compatible', changes: [] })
})

test('an input may ask for less and an output may give more', () => {
  const wide = object({ id: text(), note: text() })
  expect(changes({ input: wide }, { input: object({ id: text() }) })).toEqual([])
  expect(changes({}, { output: wide })).toEqual([])
  expect(changes({}, { input: wide })).toEqual([['orders.v1/place', 'input', 'backward', '/note', 'required']])
  expect(changes({ output: wide }, {})).toEqual([['orders.v1/place', 'output', 'forward', '/note', 'required']])
})

test("an error's details are read by callers", () => {
  expect(changes({ sold: integer() }, { sold: t.Number() as never })).toEqual([
    ['orders.v1/place', 'errors', 'forward', '/left', 'type'],
  ])
})

test('an event is read in both directions', () => {
  const loose = object({ id: text(), by: optional(text()) })
  const strict = object({ id: text(), by: text() })
  expect(changes({ data: strict }, { data: loose })).toEqual([
    ['orders.placed.v1', 'data', 'forward', '/by', 'required'],
  ])
  expect(changes({ data: loose }, { data: strict })).toEqual([
    ['orders.placed.v1', 'data', 'backward', '/by', 'required'],
  ])
  expect(changes({ data: strict }, { key: 'by' })).toEqual([
    ['orders.placed.v1', 'key', undefined, undefined, undefined],
  ])
})

test('at the edge a property that was dropped from the input is refused', () => {
  const before = contract({ input: object({ id: text(), note: optional(text()) }) })
  expect(compareContracts(before, contract({}), { edge: true }).changes).toMatchObject([
    { part: 'input', incompatibility: { rule: 'additionalProperties', witness: { id: 'a', note: 'a' } } },
  ])
})

test('what is gone is told', () => {
  const gone = { ...contract({}), events: {} }
  expect(compareContracts(contract({}), gone).changes).toMatchObject([{ wire: 'orders.placed.v1', part: 'removed' }])
})

test('the message names field, rule, versions, witness and a way out', () => {
  const { changes: found } = compareContracts(contract({}), contract({ data: object({ id: text() }) }))
  expect(found.map(({ message }) => message)).toEqual([
    "orders.placed.v1, data: '/by', rule 'required': true in 1.4.0, now false. Readers of 1.4.0 refuse a new document: " +
      '{"id":"a"} (/by is required and must be a string, found nothing). To do: keep \'/by\' required: deprecate it before it ' +
      'goes, or begin a new major version.',
  ])
})

test('modes: which directions, and against which versions', () => {
  const versions = [
    { label: 'version 1', schema: { type: 'integer' } },
    { label: 'version 2', schema: { type: 'string' } },
  ]
  const found = compatibilityModes.map((mode) => [
    mode,
    checkCompatibility({ mode, versions, candidate: { type: 'string', maxLength: 3 } }).incompatibilities.map(
      ({ version, direction }) => `${direction} ${version}`,
    ),
  ])
  expect(Object.fromEntries(found)).toEqual({
    NONE: [],
    BACKWARD: ['backward version 2'],
    BACKWARD_TRANSITIVE: ['backward version 1', 'backward version 2'],
    FORWARD: [],
    FORWARD_TRANSITIVE: ['forward version 1'],
    FULL: ['backward version 2'],
    FULL_TRANSITIVE: ['backward version 1', 'forward version 1', 'backward version 2'],
  })
  expect(rulesOf('NONE')).toEqual({ directions: [], transitive: false })
})
