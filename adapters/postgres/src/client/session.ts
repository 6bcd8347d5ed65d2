/**
 * One connection to Postgres, with what a pool and a transaction need of it: flights of statements, cancelling, and to know
 * at once when it is gone. Chosen over pg.Pool and postgres.js for reasons and numbers in docs/decisions/0004.
 */
import { BanyanError } from 'banyan/core'
import pg from 'pg'
import { Exchange, type Statement, type StatementResult, type WireStatement } from './exchange.ts'
import { fromClient, isStalePlan } from './sql-error.ts'
import { StatementCache } from './statement-cache.ts'
import { type Delay, processTimers } from './timing.ts'

/** What every connection of one pool has in common. */
export interface SessionOptions {
  readonly url: string
  /** Seen in pg_stat_activity. */
  readonly applicationName: string
  readonly connectTimeoutMs: number
  /** Per statement; 0 for none. */
  readonly statementTimeoutMs: number
  /** How long a transaction may wait for its next statement; 0 for ever. */
  readonly idleInTransactionMs: number
  /** A flight without an answer for so long is given up and its connection cut: the network swallowed it. 0 for never. */
  readonly answerTimeoutMs: number
  readonly after?: Delay
  /** Off behind a pooler that cannot keep prepared statements. */
  readonly prepareStatements: boolean
  /** Asked once a connection is open, before anything else: which run of the server it is on. */
  readonly incarnation?: (session: Session) => Promise<string | undefined>
}

/** The server ends a statement by itself after its own timeout; only when that is not heard either is the network to blame. */
export function toAnswerTimeout(statementTimeoutMs: number): number {
  return statementTimeoutMs === 0 ? 0 : statementTimeoutMs + 5_000
}

/** The error of a flight, and the answers that came before it. */
export class FlightError extends Error {
  readonly results: readonly StatementResult[]
  constructor(cause: unknown, results: readonly StatementResult[]) {
    super('a flight of statements failed', { cause })
    this.results = results
  }
}

/** One open connection. */
export class Session {
  readonly #client: pg.Client
  readonly #statements: StatementCache
  readonly #closed: (() => void)[] = []
  readonly #watch: () => { cancel(): void }
  #flying = 0
  #gone = false
  #lastError: unknown
  #incarnation: string | undefined

  private constructor(client: pg.Client, options: SessionOptions) {
    this.#client = client
    this.#statements = new StatementCache(options.prepareStatements)
    const { after = processTimers, answerTimeoutMs } = options
    this.#watch =
      answerTimeoutMs === 0 ? () => unwatched : () => after(answerTimeoutMs, () => this.#giveUp(answerTimeoutMs))
    client.on('error', (error) => this.#lose(error))
    client.on('end', () => this.#lose(undefined))
  }

  /** Connects; rejects with the server's error or {@link ConnectionLost}. */
  static async open(options: SessionOptions): Promise<Session> {
    const client = createClient(options)
    const session = new Session(client, options)
    try {
      await client.connect()
    } catch (error) {
      throw fromClient(error)
    }
    session.#incarnation = await options.incarnation?.(session)
    return session
  }

  /** Of the server, which a session does not outlive; undefined when it is not known. */
  get incarnation(): string | undefined {
    return this.#incarnation
  }

  /** False once the connection is gone, for whatever reason. */
  get usable(): boolean {
    return !this.#gone
  }

  /** Statements under way. */
  get busy(): boolean {
    return this.#flying > 0
  }

  /** As of the last answer: 'I' idle, 'T' in a transaction, 'E' in a failed one. */
  get transactionStatus(): string | null {
    return (this.#client as unknown as { getTransactionStatus(): string | null }).getTransactionStatus()
  }

  /** What ended the connection, when the server or the socket said something. */
  get lastError(): unknown {
    return this.#lastError
  }

  onGone(listener: () => void): void {
    if (this.#gone) listener()
    else this.#closed.push(listener)
  }

  onNotification(listener: (payload: string) => void): void {
    this.#client.on('notification', (message) => listener(message.payload ?? ''))
  }

  /** One flight: all statements under one Sync. Rejects with {@link FlightError}. */
  flight(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    return new Promise((resolve, reject) => {
      const wire = this.#toWire(statements)
      const exchange: Exchange = new Exchange(wire, (error) => {
        this.#flying -= 1
        watch.cancel()
        if (error === null || error === undefined) return resolve(exchange.results)
        this.#failed(wire, error)
        reject(new FlightError(fromClient(this.#gone ? (this.#lastError ?? error) : error), exchange.results))
      })
      this.#flying += 1
      const watch = this.#watch()
      this.#client.query(exchange)
    })
  }

  /** One statement; rejects with what the database said. */
  async query(text: string, values?: readonly unknown[]): Promise<StatementResult> {
    try {
      const [result] = await this.flight([values === undefined ? { text } : { text, values }])
      return result ?? nothing
    } catch (error) {
      throw error instanceof FlightError ? error.cause : error
    }
  }

  /** Statements separated by semicolons, by the simple protocol: for migrations. */
  async script(text: string): Promise<void> {
    this.#flying += 1
    try {
      await this.#client.query(text)
    } catch (error) {
      throw fromClient(error)
    } finally {
      this.#flying -= 1
    }
  }

  /**
   * Asks the server to stop what runs here, by a CancelRequest on a connection of its own (nothing to log in, so it works
   * when all connections are taken). It may hit a later statement: whoever calls it gives this session up.
   */
  cancel(): void {
    const { processID, secretKey, host, port } = this.#client as unknown as Cancellable
    if (this.#gone || processID === null) return
    const helper = new pg.Connection() as unknown as CancelWire
    helper.on('error', () => {})
    helper.on('connect', () => helper.cancel(processID, secretKey))
    if (host.startsWith('/')) helper.connect(`${host}/.s.PGSQL.${port}`)
    else helper.connect(port, host)
    helper.stream.unref()
  }

  /** Says goodbye and closes. */
  async end(): Promise<void> {
    if (this.#gone) return
    await this.#client.end().catch(() => {})
  }

  /** Cuts the connection now. What runs on it fails here, and is rolled back there. */
  destroy(): void {
    const { connection } = this.#client as unknown as { connection: { stream: { destroy(): void } } }
    connection.stream.destroy()
    this.#lose(undefined)
  }

  #toWire(statements: readonly Statement[]): readonly WireStatement[] {
    try {
      return statements.map((statement) => this.#statements.toWire(statement))
    } catch (error) {
      throw new BanyanError('INVALID_ARGUMENT', 'a value of a statement cannot be sent to the database', {
        reason: 'STATEMENT_VALUE',
        hint: 'Bind numbers, strings, booleans, dates, arrays, and objects that JSON can hold.',
        cause: error,
      })
    }
  }

  #failed(statements: readonly WireStatement[], error: unknown): void {
    this.#statements.failed(statements)
    if (isStalePlan(error)) this.#statements.forget()
  }

  #giveUp(timeoutMs: number): void {
    this.#lastError ??= new Error(`no answer within ${timeoutMs} ms`)
    this.destroy()
  }

  #lose(error: unknown): void {
    this.#lastError ??= error
    if (this.#gone) return
    this.#gone = true
    for (const listener of this.#closed.splice(0)) listener()
  }
}

/** What pg's client knows of its backend. */
interface Cancellable {
  readonly processID: number | null
  readonly secretKey: number
  readonly host: string
  readonly port: number
}

interface CancelWire {
  readonly stream: { unref(): void }
  on(event: 'error' | 'connect', listener: () => void): void
  connect(port: number | string, host?: string): void
  cancel(processID: number, secretKey: number): void
}

const unwatched = { cancel: () => {} }

const nothing: StatementResult = { command: null, rowCount: 0, rows: [] }

function createClient(options: SessionOptions): pg.Client {
  return new pg.Client({
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: options.idleInTransactionMs,
    // Nobody who can create objects elsewhere may slip them in front of ours (CVE-2018-1058); pg_temp last for the same reason.
    options: '-c search_path=public,pg_temp',
    keepAlive: true,
    pipeline: true,
  })
}
