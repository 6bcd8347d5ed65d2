import { expect, test } from 'vitest'
import { Library, Members } from './fixtures/library.ts'
import { defineContract, event, query, t, toCanonicalText, toContractDocument } from './index.ts'

test('the document says everything that another party can see', () => {
  const document = toContractDocument(Library)
  expect(document).toMatchObject({ banyan: 1, name: 'library', version: '2.1.0', owner: 'reading-team' })
  expect(document.operations['lend']).toMatchObject({
    wire: 'library.v2/lend',
    http: 'POST /books/:isbn/loans',
    success: { status: 201, location: '/loans/:loanId' },
    errors: {
      CLOSED: { code: 'UNAVAILABLE', http: 503, retryable: true },
      LENT_OUT: { details: { required: ['until'] } },
    },
  })
  expect(document.operations['search']).toMatchObject({
    input: { sent: { required: ['text'] }, received: { required: ['limit', 'text'] } },
  })
  expect(document.events['outlined']).toMatchObject({ wire: 'library.outlined.v2', key: 'isbn', kind: 'notification' })
  expect(JSON.parse(JSON.stringify(document))).toEqual(document)
})

test('the document has the retention of an event, and none of its upcasters', () => {
  const kept = event({
    key: 'id',
    kind: 'sourced',
    version: 2,
    data: t.Object({ id: t.String() }),
    upcast: { 1: ({ name }) => ({ id: name }) },
    retention: { ageMs: 86_400_000, bytes: 1_000_000 },
  })
  const A = defineContract('a', { owner: 'x', version: '1.0.0', operations: {}, events: { kept } })
  expect(A.events.kept.upcast?.[1]?.({ name: 'tea' })).toEqual({ id: 'tea' })
  const document = toContractDocument(A).events['kept'] as object
  expect(document).toMatchObject({ kind: 'sourced', retention: { ageMs: 86_400_000, bytes: 1_000_000 } })
  expect(Object.keys(document)).toEqual(['data', 'key', 'kind', 'retention', 'wire'])
})

test('the order of writing does not matter to the text', () => {
  const make = (flip: boolean) => {
    const id = t.String()
    const fields = flip ? { b: t.Enum(['y', 'x']), a: id } : { a: id, b: t.Enum(['x', 'y']) }
    const one = query({ input: t.Object(fields), output: t.Object({}) })
    const two = query({ output: t.Object({}), input: t.Object({}) })
    const operations = flip ? { two, one } : { one, two }
    return defineContract('a', { owner: 'x', version: '1.0.0', operations })
  }
  expect(toCanonicalText(toContractDocument(make(true)))).toBe(toCanonicalText(toContractDocument(make(false))))
})

test('a change of meaning changes the text', () => {
  const text = (minLength: number): string =>
    toCanonicalText(
      toContractDocument(
        defineContract('a', {
          owner: 'x',
          version: '1.0.0',
          operations: { go: query({ input: t.Object({ id: t.String({ minLength }) }), output: t.Object({}) }) },
        }),
      ),
    )
  expect(text(1)).not.toBe(text(2))
})

test('keys that look like numbers are sorted as RFC 8785 says', () => {
  const contract = defineContract('a', {
    owner: 'x',
    version: '1.0.0',
    operations: {},
    terms: { 9: 'nine', 10: 'ten', a: '€' },
  })
  expect(toCanonicalText(toContractDocument(contract))).toContain('"terms":{"10":"ten","9":"nine","a":"€"}')
  expect(toCanonicalText(toContractDocument(Members))).toMatch(/^\{"banyan":1,"events":\{"joined":/)
})
