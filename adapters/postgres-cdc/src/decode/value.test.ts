// Values as JSON: nothing is rounded, and the form depends on the type only.
import { describe, expect, test } from 'vitest'
import { fromArrayText } from './array-text.ts'
import { fromExactJson, isExact } from './exact-json.ts'
import { scalarForm, toJson } from './value.ts'

test.each([
  [16, 't', true],
  [16, 'f', false],
  [23, '-2147483648', -2_147_483_648],
  [20, '9223372036854775807', '9223372036854775807'],
  [20, '1', '1'],
  [1700, '0.10000000000000000000000000000000000001', '0.10000000000000000000000000000000000001'],
  [1700, 'NaN', 'NaN'],
  [701, '0.1', 0.1],
  [701, '1.7976931348623157e+308', Number.MAX_VALUE],
  [701, '-Infinity', '-Infinity'],
  [701, 'NaN', 'NaN'],
  [17, '\\x00ff10', 'AP8Q'],
  [17, '\\x', ''],
  [1184, '2026-01-31 12:00:00.123456+00', '2026-01-31T12:00:00.123456Z'],
  [1184, 'infinity', 'infinity'],
  [1184, '0044-03-15 00:00:00+00 BC', '0044-03-15 00:00:00+00 BC'],
  [1114, '2026-01-31 12:00:00.5', '2026-01-31T12:00:00.5'],
  [1082, '2026-01-31', '2026-01-31'],
  [3802, '{"n": 12345678901234567890, "f": 0.1}', { n: '12345678901234567890', f: 0.1 }],
  [2950, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000'],
  [999_999, 'anything', 'anything'],
])('type %i: %s', (oid, text, expected) => {
  expect(toJson(text, scalarForm(oid))).toEqual(expected)
})

describe('arrays', () => {
  test.each<[string, unknown]>([
    ['{}', []],
    ['{1,2}', ['1', '2']],
    ['{NULL,"NULL",null}', [null, 'NULL', null]],
    ['{"a,b","c\\"d","e\\\\f",""}', ['a,b', 'c"d', 'e\\f', '']],
    [
      '{{1,2},{3,4}}',
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    ['[0:1]={7,8}', ['7', '8']],
    ['[-1:0][2:2]={{a},{b}}', [['a'], ['b']]],
    ['{"{",  x}', ['{', '  x']],
  ])('%s', (text, expected) => {
    expect(fromArrayText(text)).toEqual(expected)
  })

  test('elements take the form of their type', () => {
    const form = { kind: 'array', element: scalarForm(23), delimiter: ',' } as const
    expect(toJson('{1,NULL,{2}}', form)).toEqual([1, null, [2]])
    expect(toJson('{(1,1),(0,0);(2,2),(1,1)}', { kind: 'array', element: scalarForm(603), delimiter: ';' })).toEqual([
      '(1,1),(0,0)',
      '(2,2),(1,1)',
    ])
  })

  test.each(['', '{', '{1', '{1,', '{"a}', '{1}x', '1,2'])('%j is refused', (text) => {
    expect(() => fromArrayText(text)).toThrow('an array')
  })
})

describe('numbers in JSON documents', () => {
  test.each([
    '1',
    '0',
    '-0',
    '1.50',
    '1e3',
    '9007199254740991',
    '0.1',
    '1e-7',
    '123456789012345.6',
    '1E+2',
    '-1.25e-3',
  ])('%s is exact', (text) => {
    expect(isExact(text, Number(text))).toBe(true)
    expect(fromExactJson(`[${text}]`)).toEqual([Number(text)])
  })
  test.each([
    '9007199254740993',
    '0.12345678901234567890',
    '1e400',
    '-1e400',
    '3.141592653589793238462643',
    '1.00000000000000000001',
    '1e-400',
  ])('%s stays a text', (text) => {
    expect(fromExactJson(`{"a": [${text}]}`)).toEqual({ a: [text] })
  })
  test('texts that look like numbers are left alone', () => {
    expect(fromExactJson('["12345678901234567890", {"1e5": "1e400"}]')).toEqual([
      '12345678901234567890',
      { '1e5': '1e400' },
    ])
  })
})
