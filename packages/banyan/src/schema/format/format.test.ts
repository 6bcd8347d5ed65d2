/** Formats against the RFCs' own edges. */
import { expect, test } from 'vitest'
import { formatNamed } from './format.ts'

const cases: Readonly<Record<string, { readonly yes: readonly string[]; readonly no: readonly string[] }>> = {
  'date-time': {
    yes: [
      '2024-02-29T23:59:59Z',
      '2024-01-01t00:00:00.123456789z',
      '2024-01-01T00:00:00+14:00',
      '1990-12-31T23:59:60Z',
      '1990-12-31T15:59:60-08:00',
      '2000-02-29T00:00:00Z',
    ],
    no: [
      '2023-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2024-04-31T00:00:00Z',
      '2024-13-01T00:00:00Z',
      '2024-00-01T00:00:00Z',
      '2024-01-01T24:00:00Z',
      '2024-01-01T00:60:00Z',
      '1990-12-31T22:59:60Z',
      '1990-12-31T23:59:61Z',
      '2024-01-01 00:00:00Z',
      '2024-01-01T00:00:00',
      '2024-01-01T00:00:00.Z',
      '2024-01-01T00:00:00+24:00',
      '2024-01-01T00:00:00+0100',
      '2024-01-01T00:00:00Zx',
      '٢٠٢٤-01-01T00:00:00Z',
      '',
      '2024-01-01',
    ],
  },
  date: {
    yes: ['2024-02-29', '0000-01-01'],
    no: ['2023-02-29', '2024-1-01', '2024-01-32', '2024-01-01Z', '2024-01-00'],
  },
  time: {
    yes: ['23:59:59Z', '23:59:60Z', '00:29:60+00:30', '12:00:00.5-01:00'],
    no: ['23:59:59', '12:00Z', '12:00:60Z', '24:00:00Z'],
  },
  duration: {
    yes: ['P1Y2M3DT4H5M6S', 'P3W', 'PT0S', 'P1D', 'PT1.5S'],
    no: ['P', 'PT', 'P1', '1D', 'P1W2D', 'P1S', 'P1DT'],
  },
  email: {
    yes: ['a@b.c', 'first.last+tag@example.co.uk', "o'neil@x.org"],
    no: ['a', 'a@', '@b', 'a b@c.d', '.a@b.c', 'a..b@c.d', 'a@-b.c', `${'a'.repeat(65)}@b.c`],
  },
  hostname: {
    yes: ['localhost', 'a-b.example.com', '1.2', 'a'.repeat(63)],
    no: ['', '-a', 'a-', 'a..b', 'a_b', 'é.com', 'a'.repeat(64), `${'a.'.repeat(127)}`],
  },
  ipv4: { yes: ['0.0.0.0', '255.255.255.255'], no: ['256.0.0.0', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4 '] },
  ipv6: {
    yes: ['::', '::1', '1::', 'fe80::1', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '1:2:3:4:5:6:1.2.3.4', '1::3:4:5:6:7:8'],
    no: [
      '',
      ':',
      '1',
      '1:2:3:4:5:6:7',
      '1::2::3',
      '12345::',
      'fe80::1%eth0',
      '1:2:3:4:5:6:7::8:9',
      '::1.2.3',
      ':::',
      '1.2.3.4::',
    ],
  },
  uri: {
    yes: ['https://user@example.com:8080/a/b?c=d#e', 'urn:isbn:1', 'mailto:a@b', 'http://[::1]/', 'file:///x', 'a:'],
    no: ['', '/a', 'example.com', 'http://a b', 'http://[::1', '1a:b', 'http://a/%zz', 'http://a:b/', 'http://é/'],
  },
  'uri-reference': {
    yes: ['', '/a/b', '../x?y#z', '#f', '?q', 'https://a', 'a/b:c', '//host/x'],
    no: ['a b', '\\x', '%', '1:2'],
  },
  uuid: {
    yes: ['01234567-89AB-4def-8123-456789012345', '00000000-0000-0000-0000-000000000000'],
    no: [
      '0123456789ab4def8123456789012345',
      '01234567-89ab-4def-8123-45678901234',
      'g1234567-89ab-4def-8123-456789012345',
    ],
  },
  'json-pointer': { yes: ['', '/', '/a~0b~1c', '/é'], no: ['a', '/~', '/~2'] },
  regex: { yes: ['^a+$', '\\p{L}'], no: ['(', '\\'] },
  jwt: { yes: ['eyJh.eyJz.c2ln', 'eyJh.eyJz.'], no: ['a.b', 'a.b.c.d', '.eyJz.x', 'eyJ+.eyJz.x'] },
  base64: { yes: ['', 'YQ==', 'YWI='], no: ['YQ', 'Y===', 'YQ=='.repeat(2)] },
  base64url: { yes: ['', 'YQ', '_-8'], no: ['Y', 'YQ=='] },
  cidrv4: { yes: ['10.0.0.0/8', '1.2.3.4/32'], no: ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/08'] },
  cidrv6: { yes: ['fe80::/10', '::/0'], no: ['fe80::/129', '1.2.3.4/8'] },
  'json-string': { yes: ['{"a":1}'], no: ['{a:1}'] },
}

test.each(Object.entries(cases))('%s', (name, { yes, no }) => {
  const matches = formatNamed(name)
  expect(yes.filter((text) => !matches?.(text))).toEqual([])
  expect(no.filter((text) => matches?.(text))).toEqual([])
})

test('no format takes long over a long hostile text', () => {
  const seeds = [
    'a',
    '1',
    '.',
    ':',
    '-',
    'a.',
    'a-',
    '%61',
    '1:',
    'aaaa:',
    '@',
    '/',
    'P1Y',
    '0',
    '=',
    '\u{1f600}',
    '[',
    '1.2.',
  ]
  for (const name of Object.keys(cases).filter((each) => each !== 'regex')) {
    const start = performance.now()
    for (const seed of seeds) for (const end of ['', '\n', '!', '@']) formatNamed(name)?.(seed.repeat(20_000) + end)
    expect(performance.now() - start, name).toBeLessThan(1500)
  }
})

test('names from Object.prototype are no formats', () => {
  expect(formatNamed('constructor')).toBe(undefined)
})
