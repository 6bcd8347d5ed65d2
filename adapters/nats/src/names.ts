/**
 * What things are called on the broker. A system has one stream per producing service and one bucket for its relays:
 *
 * | what | name |
 * |---|---|
 * | stream of a source | `<system>_<source>` |
 * | subject of an event | `<system>.<source>.<type>`, so `shop.orders.orders.placed.v1` |
 * | leases and positions | key-value bucket `<system>_relays`, key `source.<source>` |
 * | what a stream holds, for retention and audits | there, keys `index.<source>` and `baseline.<source>` |
 * | readers | there, key `readers.<source>` |
 * | hint that a source has grown | `_banyan.<system>.<source>`, outside of every stream |
 *
 * Characters that NATS does not take in a name are written as `=` and the hexadecimal digits of their bytes.
 */
import { BanyanError } from 'banyan/core'

/** The names of one system. */
export interface Names {
  readonly bucket: string
  /** The stream behind the bucket. */
  readonly bucketStream: string
  stream(source: string): string
  /** What the stream of a source takes in. */
  subjects(source: string): string
  subject(source: string, type: string): string
  /** The event type that a subject of this source stands for. */
  typeOf(source: string, subject: string): string
  /** The subject of a source's entry in the bucket. */
  entry(source: string): string
  /** Those of all sources. */
  readonly entries: string
  /** The source that such a subject is of. */
  sourceOfEntry(subject: string): string
  /** Subjects of what is kept about a source. */
  index(source: string): string
  baseline(source: string): string
  readersOf(source: string): string
  /** Those of all sources. */
  readonly readers: string
  sourceOfReaders(subject: string): string
  /** The subject by which the broker is asked for its time. */
  readonly clock: string
  hint(source: string): string
  readonly hints: string
  /** The source that a hint is about. */
  sourceOf(hint: string): string
}

const systemName = /^[a-z][a-z0-9-]*$/

/** The names of a system; INVALID_ARGUMENT when it cannot be part of one. */
export function createNames(system: string): Names {
  if (!systemName.test(system))
    throw new BanyanError(
      'INVALID_ARGUMENT',
      `the system '${system}' must be lower case letters, digits and '-', a letter first`,
    )
  const bucket = `${system}_relays`
  const hintPrefix = `_banyan.${system}.`
  const subjectPrefix = (source: string): string => `${system}.${toToken(source)}.`
  return {
    bucket,
    bucketStream: `KV_${bucket}`,
    stream: (source) => `${system}_${toToken(source)}`,
    subjects: (source) => `${subjectPrefix(source)}>`,
    subject: (source, type) => `${subjectPrefix(source)}${type.split('.').map(toToken).join('.')}`,
    typeOf: (source, subject) => subject.slice(subjectPrefix(source).length).split('.').map(fromToken).join('.'),
    entry: (source) => `$KV.${bucket}.source.${toToken(source)}`,
    entries: `$KV.${bucket}.source.*`,
    sourceOfEntry: (subject) => fromToken(subject.slice(`$KV.${bucket}.source.`.length)),
    index: (source) => `$KV.${bucket}.index.${toToken(source)}`,
    baseline: (source) => `$KV.${bucket}.baseline.${toToken(source)}`,
    readersOf: (source) => `$KV.${bucket}.readers.${toToken(source)}`,
    readers: `$KV.${bucket}.readers.*`,
    sourceOfReaders: (subject) => fromToken(subject.slice(`$KV.${bucket}.readers.`.length)),
    clock: `$KV.${bucket}.clock`,
    hint: (source) => `${hintPrefix}${toToken(source)}`,
    hints: `${hintPrefix}*`,
    sourceOf: (hint) => fromToken(hint.slice(hintPrefix.length)),
  }
}

const odd = /[^A-Za-z0-9_-]/gu

function toToken(text: string): string {
  if (text === '') return '='
  return text.replaceAll(odd, (found) =>
    [...new TextEncoder().encode(found)].map((byte) => `=${toByte(byte)}`).join(''),
  )
}

function toByte(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

/** What was written by {@link toToken}; anything else stays as it is. */
function fromToken(token: string): string {
  if (token === '=') return ''
  return token.replaceAll(/(?:=[0-9a-f]{2})+/g, (found) => {
    const bytes = found
      .slice(1)
      .split('=')
      .map((digits) => Number.parseInt(digits, 16))
    return new TextDecoder().decode(Uint8Array.from(bytes))
  })
}
