/** Texts at the edges of what the rules of a string allow. */
import type { StringRules } from '../../schema/shape.ts'
import { samplesOfPattern } from './pattern.ts'

/** Longest text that is made for a witness. */
const maxTextLength = 100_000

const plain = ['a', 'text', '', 'A', '?', '0', 'b', 'Text 1', ' ', 'é', '-', 'x@y', 'key', 'a-b_c.d/e', '\n']

const byFormat: Readonly<Record<string, readonly string[]>> = {
  'date-time': ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.5+02:00'],
  date: ['2024-02-29'],
  time: ['12:00:00Z', '12:00:00.5+02:00'],
  duration: ['P1D', 'PT1.5S'],
  email: ['a@b.c', `${'a'.repeat(64)}@example.com`],
  hostname: ['localhost', 'a.example.com'],
  ipv4: ['127.0.0.1', '255.255.255.255'],
  ipv6: ['::1', '1:2:3:4:5:6:7:8'],
  uri: ['https://example.com/a?b#c', 'a:'],
  'uri-reference': ['/a/b', '', 'https://example.com/'],
  uuid: ['01234567-89ab-7def-8123-456789012345'],
  'json-pointer': ['', '/a'],
  regex: ['a', '^a+$'],
  jwt: ['eyJh.eyJz.c2ln'],
  base64: ['', 'YWI='],
  base64url: ['', 'YQ'],
  cidrv4: ['10.0.0.0/8'],
  cidrv6: ['fe80::/10'],
  'json-string': ['{}', '{"a":1}'],
}

/** How many code points a text of a format can have, where that is fixed. */
export const lengthsOfFormat: Readonly<Record<string, readonly [min: number, max: number]>> = {
  uuid: [36, 36],
  date: [10, 10],
  'date-time': [20, Number.POSITIVE_INFINITY],
  ipv4: [7, 15],
}

/** Texts that may fit the rules, and beside them lengths that matter to `other` rules. */
export function sampleTexts(rules: StringRules | undefined, other?: StringRules): readonly string[] {
  const { minLength = 0, maxLength } = rules ?? {}
  const edges = [minLength, minLength + 1, maxLength ?? 20]
  if (other !== undefined) edges.push(other.minLength - 1, other.minLength, (other.maxLength ?? 20) + 1)
  const lengths = edges.filter((length) => length >= 0 && length <= maxTextLength)
  const patterns = [...(rules?.patterns ?? []), ...(other?.patterns ?? [])]
  return [
    ...(rules?.formats ?? []).flatMap(({ name }) => byFormat[name] ?? []),
    ...patterns.flatMap(({ text }) => samplesOfPattern(text, [1, 2, 0, 3, ...lengths])),
    ...(other?.formats ?? []).flatMap(({ name }) => byFormat[name] ?? []),
    ...plain,
    ...lengths.map((length) => 'a'.repeat(length)),
    ...lengths.map((length) => `?${'é'.repeat(Math.max(0, length - 1))}`),
  ]
}
