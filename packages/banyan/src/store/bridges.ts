/**
 * What is known of a service's bridges, and what is asked of them, in the service's own database: so that a bridge can be seen
 * and told something from anywhere, whichever host runs it. A note is the last word of the host that works it. A request is a
 * row that such a host takes, carries out and answers; it is carried out at least once, so what it asks for is idempotent.
 */

/** How a bridge is doing, as the host that works it says. */
export interface BridgeNote {
  readonly bridge: string
  readonly kind: string
  readonly direction: 'in' | 'out'
  readonly state: string
  /** `<instance>#<incarnation>` of the host that says so. */
  readonly holder: string
  /** The rest of it, plain JSON. */
  readonly report: Readonly<Record<string, unknown>>
}

/** A note as it was found. */
export interface KnownBridge extends BridgeNote {
  readonly notedAt: string
  /** Its age on the database's clock, in milliseconds. */
  readonly agoMs: number
}

/** Something that a person asks of a bridge. */
export interface NewBridgeRequest {
  readonly bridge: string
  readonly action: string
  /** What the action takes, plain JSON. */
  readonly detail: Readonly<Record<string, unknown>>
  readonly by: string
}

/** What came of a request. */
export interface BridgeOutcome {
  readonly ok: boolean
  readonly message: string
}

/** A request as it was found; `outcome` is undefined until it is carried out. */
export interface BridgeRequest extends NewBridgeRequest {
  readonly id: string
  readonly askedAt: string
  readonly outcome: BridgeOutcome | undefined
}

/** Requests of one bridge that may wait to be carried out; more are refused with RESOURCE_EXHAUSTED `BRIDGE_BUSY`. */
export const maxOpenRequests = 100
/** Requests of one bridge that are kept after they were carried out, the newest. */
export const keptRequests = 100
/** A note of another host gives way to a newer one when it is older than this, in milliseconds, or says `stopped`. */
export const noteTtlMs = 15_000

/** See the top of the file. */
export interface Bridges {
  /** Writes the note, unless that of another instance is younger than {@link noteTtlMs}; says whether it did. */
  note(note: BridgeNote): Promise<boolean>
  /** All notes, by name. */
  known(): Promise<readonly KnownBridge[]>
  /** Adds a request; gives its id. */
  ask(request: NewBridgeRequest): Promise<string>
  /** The oldest open request that nobody has taken; it is the taker's for `forMs`, then it may be taken again. */
  take(bridge: string, forMs: number): Promise<BridgeRequest | undefined>
  /** Carried out; false when it was answered before. */
  answer(id: string, outcome: BridgeOutcome): Promise<boolean>
  /** Requests, the newest first. */
  requests(bridge: string, limit: number): Promise<readonly BridgeRequest[]>
}
