import { expect, test } from 'vitest'
import { toSchemaText } from './schema-text.ts'

test('order and annotations do not matter, names and data do', () => {
  const one = {
    type: 'object',
    title: 'A',
    properties: { title: { type: 'string' }, a: { enum: ['y', 'x'] } },
    required: ['a', 'title'],
  }
  const same = {
    required: ['title', 'a'],
    properties: { a: { enum: ['x', 'y'], description: 'd' }, title: { type: 'string' } },
    type: 'object',
  }
  expect(toSchemaText(one)).toBe(toSchemaText(same))
  expect(toSchemaText(one)).toBe(
    '{"properties":{"a":{"enum":["x","y"]},"title":{"type":"string"}},"required":["a","title"],"type":"object"}',
  )
  expect(toSchemaText({ default: { description: 'kept', x: [2, 1] } })).toBe(
    '{"default":{"description":"kept","x":[2,1]}}',
  )
  expect(toSchemaText({ properties: { a: true } })).not.toBe(toSchemaText({ properties: { a: false } }))
})
