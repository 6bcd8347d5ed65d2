/** What every event store is asked: appends to new and to existing streams, of one event and of ten, always at an expected version. */
import { closedLoop, type Load } from '../measure/closed-loop.ts'
import { answerParent } from '../measure/peer.ts'

/** An event store under test. */
export interface Appending {
  /** Appends to a stream at this version (0: it does not exist); the version afterwards. */
  append(stream: string, version: number, count: number): Promise<number>
  close(): Promise<unknown>
}

/** One shape of load. */
export interface AppendLoad {
  readonly workers: number
  readonly ms: number
  readonly perAppend: number
  readonly streams: 'new' | 'existing'
}

let made = 0

async function run({ append }: Appending, { workers, ms, perAppend, streams }: AppendLoad): Promise<Load> {
  const idle: { readonly name: string; version: number }[] = []
  return closedLoop(workers, ms, async () => {
    const stream = (streams === 'existing' ? idle.pop() : undefined) ?? {
      name: `bank-${process.pid}-${made++}`,
      version: 0,
    }
    stream.version = await append(stream.name, stream.version, perAppend)
    idle.push(stream)
  })
}

/** In the child. */
export function serveAppends(appending: Appending): void {
  answerParent({ appends: (load: AppendLoad) => run(appending, load) }, () => appending.close())
}
