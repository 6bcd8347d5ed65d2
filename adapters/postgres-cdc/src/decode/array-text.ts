/** PostgreSQL's text form of arrays, `{1,NULL,"a,b"}` and `[0:1]={…}`, as nested lists. The bounds are dropped: JSON has none. */

/** A value of an array, or a list of them; null for NULL. */
export type ArrayText = readonly (string | null | ArrayText)[]

/** Reads an array. Throws for what is none. */
export function fromArrayText(text: string, delimiter = ','): ArrayText {
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const reader = new ArrayReader(text, start, delimiter)
  const list = reader.list()
  reader.end()
  return list
}

class ArrayReader {
  readonly #text: string
  readonly #delimiter: string
  #at: number

  constructor(text: string, start: number, delimiter: string) {
    this.#text = text
    this.#at = start
    this.#delimiter = delimiter
  }

  list(): ArrayText {
    this.#expect('{')
    const values: (string | null | ArrayText)[] = []
    if (this.#skip('}')) return values
    do values.push(this.#value())
    while (this.#skip(this.#delimiter))
    this.#expect('}')
    return values
  }

  end(): void {
    if (this.#at !== this.#text.length) throw new Error('an array with something behind its end')
  }

  #value(): string | null | ArrayText {
    const first = this.#text[this.#at]
    if (first === '{') return this.list()
    if (first === '"') return this.#quoted()
    const start = this.#at
    while (this.#at < this.#text.length && !this.#isEnd()) this.#at += 1
    const word = this.#text.slice(start, this.#at)
    return word.toUpperCase() === 'NULL' ? null : word
  }

  #isEnd(): boolean {
    return this.#text[this.#at] === this.#delimiter || this.#text[this.#at] === '}'
  }

  #quoted(): string {
    let value = ''
    this.#at += 1
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\') this.#at += 1
      value += this.#text[this.#at] ?? ''
      this.#at += 1
    }
    this.#expect('"')
    return value
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #expect(character: string): void {
    if (!this.#skip(character)) throw new Error(`an array without the '${character}' it needs`)
  }
}
