/** What only databases know of a host's events: how much waits, how old it is, where logs begin and end, what is parked. */
import type { Bus } from '../bus/bus.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { GroupProgress } from '../store/dead-letters.ts'
import type { OutboxExtent } from '../store/outbox.ts'
import type { SagaAudit } from '../store/sagas.ts'
import type { ScheduledDepth } from '../store/scheduled.ts'
import type { Store } from '../store/store.ts'
import { createPart, type Part } from './metrics-part.ts'

/** Where a log begins and ends; `start` is not known of one that something else keeps. */
export interface LogExtent {
  readonly start: number | undefined
  readonly end: number
}

/** See the top of the file. What did not answer is undefined, and counted in `silent`. */
export interface HostFacts {
  /** By service. */
  readonly outboxes: ReadonlyMap<string, OutboxExtent>
  readonly scheduled: ReadonlyMap<string, ScheduledDepth>
  /** By service: groups and what they have parked. */
  readonly groups: ReadonlyMap<string, readonly GroupProgress[]>
  /** By producing service. */
  readonly logs: ReadonlyMap<string, LogExtent>
  /** By service: of those that have sagas. */
  readonly sagas: ReadonlyMap<string, SagaAudit>
  /** Every part that was asked, and whether it answered. */
  readonly answered: ReadonlyMap<string, boolean>
}

/** What is asked. */
export interface FactsOptions {
  readonly environment: Environment
  /** By service. */
  readonly stores: () => ReadonlyMap<string, Store>
  readonly bus: Bus | undefined
  /** Producing services whose logs matter here. */
  readonly sources: () => readonly string[]
  /** Services that have sagas. */
  readonly withSagas: () => readonly string[]
}

/** Makes the function that looks. */
export function createFacts(options: FactsOptions): () => Promise<HostFacts> {
  const { environment, stores, bus } = options
  const parts = new Map<string, Part<unknown>>()

  async function ask<Answer>(name: string, question: () => Promise<Answer>, answered: Map<string, boolean>) {
    const part = (parts.get(name) ?? createPart(environment, question)) as Part<Answer>
    parts.set(name, part)
    const answer = await part()
    answered.set(name, answer !== undefined)
    return answer
  }

  return async () => {
    const answered = new Map<string, boolean>()
    const each = async <Answer>(what: string, of: (store: Store, service: string) => Promise<Answer>) => {
      const asked = [...stores()].map(async ([service, store]) => {
        return [service, await ask(`${what} of ${service}`, () => of(store, service), answered)] as const
      })
      return withoutSilent(await Promise.all(asked))
    }
    const logs = async (): Promise<ReadonlyMap<string, LogExtent>> => {
      if (bus === undefined) return new Map()
      const sources = [...new Set(options.sources())]
      const asked = sources.map(async (source) => {
        return [source, await ask(`log of ${source}`, () => extentOf(bus, source), answered)] as const
      })
      return withoutSilent(await Promise.all(asked))
    }
    const audits = async (): Promise<ReadonlyMap<string, SagaAudit>> => {
      const asked = options.withSagas().map(async (service) => {
        const store = stores().get(service)
        const question = (): Promise<SagaAudit | undefined> => store?.sagas.counts() ?? Promise.resolve(undefined)
        return [service, await ask(`sagas of ${service}`, question, answered)] as const
      })
      return withoutSilent(await Promise.all(asked))
    }
    const [outboxes, scheduled, groups, extents, sagas] = await Promise.all([
      each('outbox', (store, service) => outboxOf(store, service, bus)),
      each('scheduled', (store) => store.scheduled.depth()),
      each('groups', (store) => store.inbox.groups()),
      logs(),
      audits(),
    ])
    return { outboxes, scheduled, groups, logs: extents, sagas, answered }
  }
}

/** What the relay has still to bring into the log: beyond the position of the last append, where the log can tell it. */
async function outboxOf({ outbox }: Store, service: string, bus: Bus | undefined): Promise<OutboxExtent> {
  if (outbox.extent === undefined) return { waiting: await outbox.depth() }
  const facts = await bus?.keeping?.source(service)
  return outbox.extent(facts?.cursor)
}

async function extentOf(bus: Bus, source: string): Promise<LogExtent> {
  const facts = await bus.keeping?.source(source)
  return facts ?? { start: undefined, end: await bus.end(source) }
}

function withoutSilent<Answer>(
  entries: readonly (readonly [string, Answer | undefined])[],
): ReadonlyMap<string, Answer> {
  return new Map(entries.filter((entry): entry is readonly [string, Answer] => entry[1] !== undefined))
}
