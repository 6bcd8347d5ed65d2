/** A plain pattern, compared, must answer as the engine does: on texts made from it and on texts next to those. */
import { expect, it } from 'vitest'
import { emitPlainPattern } from './plain-pattern.ts'

const plain: readonly (readonly [pattern: string, example: string])[] = [
  ['^[A-Z]-[0-9]{3}$', 'A-123'],
  ['^[0-9]{4}$', '4000'],
  ['^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$', '01234567-89ab-4def-8123-456789012345'],
  ['^[A-Z]{3}$', 'EUR'],
  ['^\\d{2}\\.\\w$', '12.x'],
  ['^[a-z_-]{2}$', 'a-'],
  ['^[-a]$', '-'],
  ['^[\\w.]{3}$', '_.Z'],
  ['^[\\d-]{2}$', '0-'],
  ['^[.\\-]{2}$', '.-'],
  ['^a{0}b$', 'b'],
  ['^x:/y$', 'x:/y'],
  ['^$', ''],
]

const others = [
  ...['[A-Z]', '^[A-Z]+$', '^a|b$', '^[^a]$', '^(ab){2}$', '^a?$', '^[\\.-z]$', '^[a-z]{1,3}$', '^.$', '^é$'],
  ...['^a{99}$', '^[,-.]$', '^a\\$', '^\\p{L}$', '^[+--]$', '^[a-\\d]$', '^[\\w-z]$'],
]

const alphabet = [...'aAzZ09fgG_-.:/bxy$`{@[^é\n\0', '😀', '\ud800']

/** A small generator of its own (Lehmer), so that every run sees the same texts. */
function createPick(): (count: number) => number {
  let state = 20_261_123
  return (count) => {
    state = (state * 48_271) % 2_147_483_647
    return state % count
  }
}

/** The example with characters exchanged, left out and added. */
function vary(example: string, pick: (count: number) => number): string {
  const units = [...example]
  for (let changes = pick(4); changes > 0; changes--)
    units.splice(pick(units.length + 1), pick(2), ...(pick(3) === 0 ? [] : [alphabet[pick(alphabet.length)] as string]))
  return units.join('')
}

it.each(plain)('compares %s', (pattern, example) => {
  const source = emitPlainPattern(pattern)
  expect(source).toBeDefined()
  const matches = new Function(`return function matches${source}`)() as (given: string) => boolean
  const regex = new RegExp(pattern, 'u')
  const pick = createPick()
  expect(matches(example)).toBe(true)
  for (let index = 0; index < 5_000; index++) {
    const given = vary(example, pick)
    expect(matches(given), JSON.stringify(given)).toBe(regex.test(given))
  }
})

it.each(others)('leaves %s to the engine', (pattern) => {
  expect(emitPlainPattern(pattern)).toBeUndefined()
})
