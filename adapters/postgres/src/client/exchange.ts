/**
 * One flight to the server and back: several statements under a single Sync, so that an error in one skips all that follow.
 *
 * That is what makes it safe to send BEGIN together with the first statement (were BEGIN refused in a flight of its own, the
 * statement behind it would run, and commit, alone), and what lets the outbox rows travel with COMMIT. It is the extended
 * protocol's own pipelining; pg's client sends a Sync after every statement, so this is a Query of our own that it carries.
 */
import pg from 'pg'

/** One statement of a flight. */
export interface Statement {
  readonly text: string
  readonly values?: readonly unknown[]
  /** Ask for the answers so far before going on: what came before COMMIT is then known whatever becomes of it. */
  readonly flush?: boolean
}

/** A statement as it goes onto the wire. */
export interface WireStatement {
  readonly text: string
  /** In wire form; see {@link toWireValues}. */
  readonly values: readonly unknown[]
  /** The server-side name; empty for an unnamed one. */
  readonly name: string
  /** The server does not have it under this name yet; `replace` when it may have another. */
  readonly parse: 'no' | 'yes' | 'replace'
  readonly flush: boolean
}

/** What one statement of a flight gave. */
export interface StatementResult {
  readonly command: string | null
  readonly rowCount: number | null
  // biome-ignore lint/suspicious/noExplicitAny: rows are what the statement says they are
  readonly rows: any[]
}

/** The part of pg's connection that a flight writes to. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  parse(message: { text: string; name: string }): void
  bind(message: { portal: string; statement: string; values: readonly unknown[] }): void
  describe(message: { type: 'P'; name: string }): void
  execute(message: { portal: string }): void
  close(message: { type: 'S'; name: string }): void
  flush(): void
  sync(): void
}

/** What pg's Query keeps while answers come in. */
interface Collected {
  _result: StatementResult
  _results: StatementResult | StatementResult[]
}

const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils

/** JavaScript values as Postgres takes them. Throws for what cannot be converted, before anything is sent. */
export function toWireValues(values: readonly unknown[] | undefined): readonly unknown[] {
  return values === undefined
    ? []
    : values.map((value) => (isNumbers(value) ? `{${value.join()}}` : prepareValue(value)))
}

/** Numbers need no quotes, which saves looking at each for what to escape: long arrays of them write many rows at once. */
function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number')
}

/** Several statements under one Sync, as something that pg's client carries. */
export class Exchange extends pg.Query {
  readonly #statements: readonly WireStatement[]

  constructor(statements: readonly WireStatement[], done: (error: Error | null | undefined) => void) {
    // As a text: pg copies an object property by property.
    super('exchange', undefined, done as () => void)
    this.#statements = statements
    const submit = (connection: unknown): void => this.#send(connection as Wire)
    // Not written there at once: V8 makes a function that is assigned to a property in old space, with all that it can see.
    this.submit = submit
  }

  /** Answers received so far, in the order of the statements. */
  get results(): readonly StatementResult[] {
    const { _result, _results } = this as unknown as Collected
    const all = Array.isArray(_results) ? _results : [_result]
    return all.filter((result) => result.command !== null)
  }

  #send(wire: Wire): void {
    wire.stream.cork()
    for (const statement of this.#statements) sendOne(wire, statement)
    wire.sync()
    wire.stream.uncork()
  }
}

function sendOne(wire: Wire, statement: WireStatement): void {
  const { text, values, name, parse, flush } = statement
  if (parse === 'replace') wire.close({ type: 'S', name })
  if (parse !== 'no') wire.parse({ text, name })
  wire.bind({ portal: '', statement: name, values })
  wire.describe({ type: 'P', name: '' })
  wire.execute({ portal: '' })
  if (flush) wire.flush()
}
