/** What runs of sagas are given by the service they belong to: contexts for steps, and transactions that commit with the journal. */
import type { Attempt, SagaHost } from '../saga/host.ts'
import type { Store } from '../store/store.ts'
import { Span, Trace } from '../telemetry/trace.ts'
import { parseTraceparent } from '../telemetry/trace-context.ts'
import { EntryFrame } from './frame.ts'
import { noDatabase } from './refusals.ts'
import { SagaContext } from './saga-context.ts'
import type { SagaNews } from './saga-news.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { Work } from './shapes.ts'

/** Makes it; throws FAILED_PRECONDITION for a service without a database. */
export function createSagaHost(service: ServiceRuntime, holder: string, news: SagaNews): SagaHost {
  const { environment, name, store, log } = service
  if (store === undefined) throw noDatabase(name)

  async function inContext<Result>(attempt: Attempt, work: (ctx: SagaContext) => Promise<Result>): Promise<Result> {
    const { clock, random } = environment
    const parent = parseTraceparent(attempt.traceparent)
    const trace = new Trace(random, parent?.sampled ?? false, parent)
    const startMs = clock.monotonic()
    const frame = new EntryFrame(name, trace, startMs + attempt.timeoutMs, attempt)
    const kind: Work = { kind: 'saga', wire: `${name}/${attempt.wire}` }
    const span = trace.sampled ? new Span(trace, undefined, kind.wire, name, startMs) : undefined
    const ctx = new SagaContext(service, kind, frame, span, attempt)
    let status = 'OK'
    try {
      return await work(ctx)
    } catch (error) {
      status = (error as { code?: string } | null)?.code ?? 'INTERNAL'
      throw error
    } finally {
      if (span !== undefined) {
        span.endMs = clock.monotonic()
        span.status = status
        service.spans.add(span)
      }
      ctx.leave()
    }
  }

  return {
    environment,
    service: name,
    // Of the store it needs the sagas alone.
    store: { sagas: news.hear(store.sagas) } as Store,
    holder,
    log,
    perform: (attempt, work) => inContext(attempt, async (ctx) => work(ctx)),
    transact: (attempt, work, toWrite) =>
      inContext(attempt, (ctx) =>
        ctx.transact(async (tx) => {
          const result = await work(tx)
          await tx.writeSaga(await toWrite(result))
          return result
        }),
      ),
  }
}
