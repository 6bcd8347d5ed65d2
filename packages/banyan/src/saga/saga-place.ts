/** Where runs are looked at and mended from outside of an executor: a database, and the code of its sagas if it is at hand. */
import type { AnySchema } from '../contract/schema.ts'
import type { Environment } from '../core/environment/environment.ts'
import { BanyanError } from '../core/error.ts'
import type { SagaRecord, Sagas } from '../store/sagas.ts'
import type { Store } from '../store/store.ts'
import { silentLog } from '../telemetry/log.ts'
import type { RunShared } from './run-shared.ts'
import type { SagaShape } from './shape.ts'
import { Turns } from './turns.ts'

/** Schemas of an operation of a contract. */
export interface OperationSchemas {
  readonly input: AnySchema
  readonly output: AnySchema
}

/** The code of a service's sagas, and the contracts of what they call. */
export interface SagaCode {
  readonly shapes: readonly SagaShape[]
  /** By their names on the wire. */
  readonly operations: ReadonlyMap<string, OperationSchemas>
}

/** See the top of the file. */
export interface SagaPlace {
  readonly environment: Environment
  readonly service: string
  readonly sagas: Sagas
  /** Undefined when there is only the database: then what is under way is not known, and contents are hidden. */
  readonly code: SagaCode | undefined
}

/** The code of a run; undefined when nobody has it here. */
export function shapeOf(
  { code }: SagaPlace,
  { name, version }: Pick<SagaRecord, 'name' | 'version'>,
): SagaShape | undefined {
  return code?.shapes.find((shape) => shape.name === name && shape.version === version)
}

export function hasCode(place: SagaPlace, run: Pick<SagaRecord, 'name' | 'version'>): boolean {
  return shapeOf(place, run) !== undefined
}

/** By id, or `<saga>/<key>` for the newest run of a key. Rejects with NOT_FOUND `NO_SUCH_SAGA`. */
export async function findRun({ sagas, service }: SagaPlace, run: string): Promise<SagaRecord> {
  const slash = run.indexOf('/')
  const found = slash < 0 ? await sagas.find(run) : await sagas.findByKey(run.slice(0, slash), run.slice(slash + 1))
  if (found !== undefined) return found
  throw new BanyanError('NOT_FOUND', `'${service}' has no run '${run}'`, {
    reason: 'NO_SUCH_SAGA',
    hint: 'Name it by its id, or as <saga>/<key>; ended runs are forgotten after a week. See banyan saga list.',
  })
}

const nothing = (): never => {
  throw new Error('a replay that is only looked at does nothing')
}

/** For replays that do nothing. */
export function createIdleShared({ environment, service, sagas, code }: SagaPlace): RunShared {
  return {
    host: {
      environment,
      service,
      store: { sagas } as Store,
      holder: '',
      log: silentLog,
      perform: nothing,
      transact: nothing,
    },
    writer: { write: nothing, start: nothing, counts: { commits: 0, writes: 0 } },
    turns: new Turns(environment.timers),
    now: () => environment.clock.now(),
    mayAct: () => false,
    isDraining: () => false,
    newestOf: (name) =>
      code?.shapes.filter((shape) => shape.name === name).toSorted((one, other) => other.version - one.version)[0],
  }
}
