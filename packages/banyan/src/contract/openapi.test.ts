import { describe, expect, test } from 'vitest'
import { Library, Members } from './fixtures/library.ts'
import { defineContract, query, t, toOpenApi } from './index.ts'

type Loose = { readonly [key: string]: Loose }
const document = toOpenApi([Library, Members], { title: 'Reading', version: '3.0.0' }) as unknown as Loose
const at = (...path: string[]): Loose => path.reduce((part, key) => part[key] as Loose, document)

test('only operations with a route are in it', () => {
  expect(Object.keys(at('paths'))).toEqual([
    '/books/{isbn}',
    '/books',
    '/books/{isbn}/outline',
    '/books/{isbn}/loans',
    '/loans/{loanId}',
    '/members',
    '/members/{memberId}',
  ])
  expect(Object.keys(at('paths', '/books/{isbn}/outline'))).toEqual(['get', 'post'])
})

describe('a command', () => {
  const lend = at('paths', '/books/{isbn}/loans', 'post')

  test('takes its input from path, header and body, each field once', () => {
    expect(lend['parameters']).toEqual([
      { name: 'isbn', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'If-Match', in: 'header', schema: { type: 'string' } },
      { $ref: '#/components/parameters/IdempotencyKey' },
    ])
    expect(lend['requestBody']).toEqual({
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['reader', 'until'],
            properties: { reader: { type: 'string', format: 'uuid' }, until: { type: 'string', format: 'date' } },
          },
        },
      },
    })
  })

  test('answers with its status and Location', () => {
    expect(lend['responses']?.['201']).toMatchObject({
      headers: { Location: { $ref: '#/components/headers/Location' } },
    })
    expect(at('paths', '/loans/{loanId}', 'delete', 'responses', '204')).toEqual({ description: 'Done.' })
  })

  test('says each declared error under its status, beside what any operation may answer', () => {
    const conflict = lend['responses']?.['409']
    expect(conflict?.['description']).toBe('LENT_OUT READER_BLOCKED: The reader owes too much.')
    expect(conflict?.['content']?.['application/problem+json']?.['schema']).toEqual({
      anyOf: [
        { $ref: '#/components/schemas/library.v2.lend.LENT_OUT' },
        { $ref: '#/components/schemas/library.v2.lend.READER_BLOCKED' },
        { $ref: '#/components/schemas/Problem' },
      ],
    })
    expect(at('components', 'schemas', 'library.v2.lend.LENT_OUT', 'allOf', '1', 'properties')).toMatchObject({
      reason: { const: 'LENT_OUT' },
      details: { required: ['until'] },
    })
    expect(lend['responses']?.['422']).toEqual({ $ref: '#/components/responses/Unprocessable' })
  })
})

describe('a query', () => {
  const search = at('paths', '/books', 'get')

  test('takes its input from the query string: what the sender gives, before defaults', () => {
    const parameters = search['parameters'] as unknown as readonly Loose[]
    expect(parameters.map((one) => [one['name'], one['in'], one['required'] ?? false])).toEqual([
      ['text', 'query', true],
      ['tags', 'query', false],
      ['limit', 'query', false],
      [undefined, undefined, false],
    ])
    expect(search['deprecated']).toBe(true)
    expect(search['description']).toBe("The query 'search' of 'library'.\n\nDeprecated: use the catalogue")
  })

  test('has an ETag and can answer 304', () => {
    expect(search['responses']?.['200']).toMatchObject({ headers: { ETag: { $ref: '#/components/headers/ETag' } } })
    expect(search['responses']).toHaveProperty('304')
  })
})

test('a recursive schema becomes a component that refers to itself there', () => {
  const schema = at(
    'paths',
    '/books/{isbn}/outline',
    'get',
    'responses',
    '200',
    'content',
    'application/json',
    'schema',
  )
  expect(schema).toEqual({ $ref: '#/components/schemas/library.v2_outline.output' })
  const text = JSON.stringify(document)
  expect(text).not.toContain('$defs')
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path as string)
  for (const path of references)
    expect(
      path.split('/').reduce<Loose | undefined>((part, key) => part?.[key], document),
      path,
    ).toBeDefined()
})

test('one contract names the document; two majors of one contract keep apart', () => {
  const make = (version: '1.0.0' | '2.0.0') =>
    defineContract('shelf', {
      version,
      owner: 'x',
      about: 'Shelves.',
      operations: {
        level: query({
          input: t.Object({}),
          output: t.Object({}),
          http: version === '1.0.0' ? 'GET /level' : 'GET /v2/level',
        }),
      },
    })
  const one = toOpenApi([make('1.0.0')]) as unknown as Loose
  expect(one['info']).toEqual({ title: 'shelf', version: '1.0.0', description: 'Shelves.' })
  expect(one['paths']?.['/level']?.['get']?.['operationId']).toBe('shelf.level')
  const both = toOpenApi([make('1.0.0'), make('2.0.0')]) as unknown as Loose
  expect(both['paths']?.['/v2/level']?.['get']?.['operationId']).toBe('shelf.v2.level')
  expect(both['tags']).toHaveLength(1)
})

test('security schemes are asked of every operation', () => {
  const bearer = { type: 'http', scheme: 'bearer' }
  expect(toOpenApi([Members], { securitySchemes: { bearer } })).toMatchObject({
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer } },
  })
})
