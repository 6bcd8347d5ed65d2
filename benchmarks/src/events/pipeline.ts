/**
 * What every pipeline is asked: business transactions that each send one job, by 16 producers at a time, until time is up; then
 * wait until everything sent has had its effect, or the patience is over. A rate is effects over the whole of that.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { answerParent } from '../measure/peer.ts'

export const producers = 16
/** Keys, hence accounts that transactions meet on. */
export const accounts = 500

/** What one run gave. */
export interface PipelineSample {
  readonly sent: number
  readonly done: number
  readonly perSecond: number
  /** Microseconds of CPU per effect, of the program and of Postgres; filled in by the parent. */
  readonly programUs: number
  readonly postgresUs: number
}

/** A pipeline under test. */
export interface Pipeline {
  /** One business transaction that sends one job. */
  send(index: number): Promise<unknown>
  /** Effects that have committed, counted by the handler. */
  done(): number
  /** Takes away what was not done, for the next run. */
  purge(): Promise<unknown>
  close(): Promise<unknown>
}

/** How much longer than it sent a pipeline may take to finish. */
const patience = 4

async function run(pipeline: Pipeline, ms: number): Promise<PipelineSample> {
  const before = pipeline.done()
  const startMs = performance.now()
  let sent = 0
  const produce = async (): Promise<void> => {
    while (performance.now() - startMs < ms) await pipeline.send(sent++)
  }
  await Promise.all(Array.from({ length: producers }, produce))
  const endMs = performance.now() + ms * patience
  while (pipeline.done() - before < sent && performance.now() < endMs) await sleep(1)
  const seconds = (performance.now() - startMs) / 1_000
  const done = pipeline.done() - before
  if (done < sent) await pipeline.purge()
  return { sent, done, perSecond: done / seconds, programUs: 0, postgresUs: 0 }
}

/** In the child: serves the runs. */
export function servePipeline(pipeline: Pipeline): void {
  const maxRssMb = (): number => process.resourceUsage().maxRSS / 1_024
  answerParent({ run: (ms: number) => run(pipeline, ms), done: () => pipeline.done(), maxRssMb }, () =>
    pipeline.close(),
  )
}

/** The tables of the business, the same for all. */
export const businessTables = `
CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO account SELECT n, 0 FROM generate_series(0, ${accounts - 1}) AS n;
CREATE TABLE entry (id bigserial PRIMARY KEY, account int NOT NULL, amount bigint NOT NULL)`

/** Where effects go, the same for all. */
export const effectTables = `
CREATE TABLE effect (id bigserial PRIMARY KEY, account int NOT NULL, amount bigint NOT NULL, note text NOT NULL)`

/** What a job carries: about 200 bytes of JSON. */
export interface Job {
  readonly account: number
  readonly amount: number
  readonly note: string
}

const note = 'x'.repeat(140)
export const toJob = (index: number): Job => ({ account: (index * 7919) % accounts, amount: (index % 100) + 1, note })
