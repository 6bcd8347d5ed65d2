/**
 * Regular expressions taken apart far enough to write texts that match them and to know how long a match can be. Look-around
 * and back references are not followed: then there is no sample, and the comparison says that it does not know.
 */

type Node =
  | { readonly kind: 'set'; readonly characters: readonly string[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number }
  | { readonly kind: 'start' | 'end' }

/** Candidates for one character of a class, the readable ones first. */
const alphabet: readonly string[] = [
  ...'aAbBcCzZ019',
  ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)),
  ...'éßЖ中\n\t',
]
const maxCharacters = 6
const maxSampleLength = 100_000

class Unsupported extends Error {}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Node {
    const node = this.#choice()
    if (this.#at < this.#text.length) throw new Unsupported()
    return node
  }

  #choice(): Node {
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'choice', parts }
  }

  #sequence(): Node {
    const parts: Node[] = []
    while (this.#at < this.#text.length && !this.#sees('|') && !this.#sees(')')) parts.push(this.#quantified())
    return { kind: 'sequence', parts }
  }

  #quantified(): Node {
    const part = this.#atom()
    const rest = this.#text.slice(this.#at)
    const found = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(rest)
    if (found === null) return part
    this.#at += found[0].length
    const [, sign, least, comma, most] = found
    if (sign !== undefined) return { kind: 'repeat', part, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity }
    const min = Number(least)
    const max = comma === undefined ? min : most === '' ? Infinity : Number(most)
    return { kind: 'repeat', part, min, max }
  }

  #atom(): Node {
    if (this.#take('^')) return { kind: 'start' }
    if (this.#take('$')) return { kind: 'end' }
    if (this.#take('(')) return this.#group()
    const found =
      /^(?:\[(?:\\.|[^\]\\])*\]|\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|[^bBk1-9])|[^\\])/su.exec(
        this.#text.slice(this.#at),
      )
    if (found === null) throw new Unsupported()
    this.#at += found[0].length
    return toSet(found[0])
  }

  #group(): Node {
    const opening = /^\?(?::|<[A-Za-z_]\w*>)/.exec(this.#text.slice(this.#at))
    if (opening !== null) this.#at += opening[0].length
    else if (this.#sees('?')) throw new Unsupported()
    const inner = this.#choice()
    if (!this.#take(')')) throw new Unsupported()
    return inner
  }

  #sees(character: string): boolean {
    return this.#text[this.#at] === character
  }

  #take(character: string): boolean {
    if (!this.#sees(character)) return false
    this.#at += 1
    return true
  }
}

/** The engine itself decides which characters a class has. */
function toSet(text: string): Node {
  const regex = new RegExp(`^(?:${text})$`, 'u')
  const own = [...text].length === 1 ? [text] : []
  const characters = [...new Set([...own, ...alphabet])].filter((one) => regex.test(one)).slice(0, maxCharacters)
  if (characters.length === 0) throw new Unsupported()
  return { kind: 'set', characters }
}

const parsed = new Map<string, Node | undefined>()
const maxParsed = 1_000

function parse(pattern: string): Node | undefined {
  if (parsed.has(pattern)) return parsed.get(pattern)
  let node: Node | undefined
  try {
    node = new Parser(pattern).parse()
  } catch {
    node = undefined // not one we can follow; the engine that compiled it is what judges
  }
  if (parsed.size >= maxParsed) parsed.clear()
  parsed.set(pattern, node)
  return node
}

function write(node: Node, repeats: number, turn: number): string {
  switch (node.kind) {
    case 'set':
      return node.characters[turn % node.characters.length] as string
    case 'sequence':
      return node.parts.map((part) => write(part, repeats, turn)).join('')
    case 'choice':
      return write(node.parts[turn % node.parts.length] as Node, repeats, turn)
    case 'repeat': {
      const count = Math.min(Math.max(repeats, node.min), node.max, maxSampleLength)
      return write(node.part, repeats, turn).repeat(count)
    }
    default:
      return ''
  }
}

/** Texts that should match the pattern, with open repetitions `repeats` long. [] when the pattern cannot be followed. */
export function samplesOfPattern(pattern: string, repeats: readonly number[]): readonly string[] {
  const node = parse(pattern)
  if (node === undefined) return []
  const turns = [0, 1, 2, 3]
  return [...new Set(repeats.flatMap((count) => turns.map((turn) => write(node, count, turn))))].filter(
    (text) => text.length <= maxSampleLength,
  )
}

type Lengths = readonly [min: number, max: number]

function measure(node: Node): Lengths {
  switch (node.kind) {
    case 'set':
      return [1, 1]
    case 'sequence':
      return node.parts.map(measure).reduce<Lengths>((sum, one) => [sum[0] + one[0], sum[1] + one[1]], [0, 0])
    case 'choice': {
      const lengths = node.parts.map(measure)
      return [Math.min(...lengths.map(([min]) => min)), Math.max(...lengths.map(([, max]) => max))]
    }
    case 'repeat': {
      const [min, max] = measure(node.part)
      return [min * node.min, max === 0 ? 0 : max * node.max]
    }
    default:
      return [0, 0]
  }
}

/** How long, in code points, a text that matches can be. Any length when the pattern does not hold both ends of the text. */
export function lengthsOfPattern(pattern: string): Lengths {
  const anything: Lengths = [0, Infinity]
  const node = parse(pattern)
  if (node === undefined) return anything
  if (node.kind !== 'sequence' || node.parts[0]?.kind !== 'start' || node.parts.at(-1)?.kind !== 'end') return anything
  return measure(node)
}
