/** Avro and Protocol Buffers: what may change and what may not, each refusal with a document that was really tried. */
import avro from 'avsc'
import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { avroFormat } from './avro.ts'
import type { SchemaSource } from './format.ts'
import { protobufFormat, reusedNumbers } from './protobuf.ts'

const source = (schema: string): SchemaSource => ({ schema, references: [] })

describe('Avro', () => {
  const record = (...fields: readonly object[]): SchemaSource =>
    source(JSON.stringify({ type: 'record', name: 'R', fields }))
  const field = (type: unknown, name = 'f'): object => ({ name, type })
  const colour = (...symbols: readonly string[]): object => ({ type: 'enum', name: 'E', symbols })

  test.each<readonly [string, SchemaSource, SchemaSource]>([
    [
      'a field more, with a default',
      record(field('int')),
      record(field('int'), { ...field('string', 'g'), default: '' }),
    ],
    ['a field less', record(field('int'), field('int', 'g')), record(field('int'))],
    ['a wider number', record(field('int')), record(field('double'))],
    ['a branch more', record(field(['null', 'int'])), record(field(['null', 'int', 'string']))],
    ['a symbol more', record(field(colour('A'))), record(field(colour('A', 'B')))],
    ['another name, with an alias', record(field('int')), record({ ...field('int', 'g'), aliases: ['f'] })],
  ])('is read: %s', (_name, writer, reader) => {
    expect(avroFormat.compare(writer, reader)).toEqual([])
  })

  const map = { type: 'map', values: 'int' }
  test.each<readonly [string, SchemaSource, SchemaSource, string, string, unknown]>([
    ['a field more', record(field('int')), record(field('int'), field('int', 'g')), '/g', 'required', { f: 0 }],
    ['a narrower number', record(field('long')), record(field('int')), '/f', 'type', { f: 0 }],
    ['a symbol less', record(field(colour('A', 'B'))), record(field(colour('A'))), '/f', 'symbols', { f: 'B' }],
    [
      'a branch less',
      record(field(['null', 'int', 'string'])),
      record(field(['null', 'int'])),
      '/f/string',
      'union',
      { f: { string: 'text' } },
    ],
    [
      'within a list',
      record(field({ type: 'array', items: 'string' })),
      record(field({ type: 'array', items: 'int' })),
      '/f/0',
      'type',
      { f: ['text'] },
    ],
    [
      'within a map',
      record(field({ type: 'map', values: 'string' })),
      record(field(map)),
      '/f/key',
      'type',
      { f: { key: 'text' } },
    ],
    ['another kind', record(field(map)), record(field('int')), '/f', 'type', { f: {} }],
  ])('is refused: %s', (_name, writer, reader, path, rule, witness) => {
    const [found, ...more] = avroFormat.compare(writer, reader)
    expect(more).toEqual([])
    expect(found).toMatchObject({ path, rule, confirmed: true, witness })
    // The bytes are the writer's, and the reader has no way to them.
    const [from, to] = [writer, reader].map((one) => avro.Type.forSchema(JSON.parse(one.schema), { wrapUnions: true }))
    expect(JSON.parse(from!.toString(from!.fromBuffer(Buffer.from(found!.bytes!, 'hex'))))).toEqual(witness)
    expect(() => to!.fromBuffer(Buffer.from(found!.bytes!, 'hex'), to!.createResolver(from!))).toThrow()
  })

  test('a recursive type ends', () => {
    const tree = (value: string): SchemaSource => record(field(value), { name: 'next', type: ['null', 'R'] })
    expect(avroFormat.compare(tree('int'), tree('long'))).toEqual([])
    expect(avroFormat.compare(tree('long'), tree('int'))[0]).toMatchObject({ path: '/f', confirmed: true })
  })
})

describe('Protocol Buffers', () => {
  const message = (body: string, syntax = 'proto3'): SchemaSource =>
    source(`syntax = "${syntax}"; package p; message M { ${body} }`)

  test.each<readonly [string, SchemaSource, SchemaSource]>([
    ['a field more', message('string a = 1;'), message('string a = 1; int32 b = 2;')],
    ['a field less', message('string a = 1; int32 b = 2;'), message('string a = 1;')],
    ['another name for a number', message('string a = 1;'), message('string z = 1;')],
    ['an enum value more', message('enum E { A = 0; } E e = 1;'), message('enum E { A = 0; B = 1; } E e = 1;')],
    ['one field becomes a oneof', message('string a = 1;'), message('oneof o { string a = 1; }')],
    [
      'optional of proto3',
      message('string a = 1; string b = 2;'),
      message('optional string a = 1; optional string b = 2;'),
    ],
  ])('is read: %s', (_name, writer, reader) => {
    expect(protobufFormat.compare(writer, reader)).toEqual([])
  })

  test.each<readonly [string, SchemaSource, SchemaSource, string, string, unknown]>([
    ['another type', message('string a = 1;'), message('int32 a = 1;'), '/p.M/a', 'type', { a: 'text' }],
    ['another encoding', message('int32 a = 1;'), message('sint32 a = 1;'), '/p.M/a', 'type', { a: 1 }],
    ['another number', message('string a = 1;'), message('string a = 2;'), '/p.M/a', 'number', { a: 'text' }],
    [
      'repeated becomes single',
      message('repeated string a = 1;'),
      message('string a = 1;'),
      '/p.M/a',
      'label',
      { a: ['text'] },
    ],
    [
      'required',
      message('optional string a = 1;', 'proto2'),
      message('required string a = 1;', 'proto2'),
      '/p.M/a',
      'required',
      {},
    ],
    [
      'fields exclude each other',
      message('string a = 1; string b = 2;'),
      message('oneof o { string a = 1; string b = 2; }'),
      '/p.M/a',
      'oneof',
      { a: 'text', b: 'text' },
    ],
    [
      'the message is gone',
      message('string a = 1;'),
      source('syntax = "proto3"; package p; message N {}'),
      '/p.M',
      'message',
      {},
    ],
  ])('is refused: %s', (_name, writer, reader, path, rule, witness) => {
    const [found] = protobufFormat.compare(writer, reader)
    expect(found).toMatchObject({ path, rule, confirmed: true, witness })
    const type = protobuf.parse(writer.schema, { keepCase: true }).root.lookupType('p.M')
    expect(type.toObject(type.decode(Buffer.from(found!.bytes!, 'hex')))).toEqual(witness)
  })

  test('what was reserved does not come back', () => {
    const before = message('reserved 3, 5 to 7; reserved "old"; string a = 1;')
    const after = message('string a = 1; string b = 6; string old = 9;')
    expect(reusedNumbers(before, after).map(({ path }) => path)).toEqual(['/p.M/b', '/p.M/old'])
    expect(reusedNumbers(before, before)).toEqual([])
  })
})
