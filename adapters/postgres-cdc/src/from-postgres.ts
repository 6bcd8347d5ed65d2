/** `fromPostgres`: the changes of another PostgreSQL database as a bridge of a service. */
import {
  type Bridge,
  type BridgeHost,
  type BridgePlace,
  type BridgeSetting,
  defineBridge,
  type RunningBridge,
} from 'banyan/runtime'
import type { BridgeRequest } from 'banyan/store'
import { createReport } from './bridge-report.ts'
import { createSource } from './change-source.ts'
import { refuse } from './errors.ts'
import { type ChangeSourceOptions, type HostParts, resolveOptions } from './options.ts'
import { skipChange } from './state/faults.ts'
import { changeSourceMigrations } from './state/schema.ts'
import { resnapshot } from './state/source-state.ts'

/** What {@link fromPostgres} takes: what a source takes, but for what the host has. */
export interface FromPostgresOptions
  extends Omit<ChangeSourceOptions, 'url' | 'into' | 'system' | 'service' | 'environment' | 'log'> {
  /** Connection string of the database that is read, or a function that knows it; its role needs REPLICATION and SELECT on the tables. */
  readonly url: BridgeSetting
}

/** Longest name of a slot or a publication, in characters. */
const maxName = 63

/**
 * A bridge that publishes the changes of another database as events of the service it is listed in; with every guarantee of
 * `createChangeSource`, and only the service's own events. Slot and publication are named
 * `banyan_<system>_<service>_<name>` unless the options say otherwise.
 *
 * It can be asked to `resnapshot` (take all rows again), and to `skip` (give up the change at which it has stopped).
 *
 * Errors: INVALID_ARGUMENT `CDC_OPTIONS` naming the option.
 *
 * @example
 * const crm = fromPostgres({
 *   name: 'crm',
 *   url: () => process.env['CRM_URL'],
 *   tables: ['customer'],
 *   toEvent: (change, publish) => {
 *     if (change.op === 'truncate') throw new Error('nobody truncates customers')
 *     const id = String(change.key['id'])
 *     if (change.op === 'delete') publish(Customers.events.removed, { id })
 *     else publish(Customers.events.changed, { id, name: String(change.new['name']) })
 *   },
 * })
 * crm.direction // 'in'
 */
export function fromPostgres(options: FromPostgresOptions): Bridge {
  const { url, ...given } = options
  const name = toSourceName(options.name)
  const rest = Object.freeze({ ...given, name, tables: Object.freeze([...given.tables]) })
  // What is wrong with the options themselves is said here, not when the host starts.
  resolveOptions({ ...rest, url: '', into: undefined as never, system: '', service: '' })
  const open = (host: BridgeHost): Promise<RunningBridge> => openSource(rest, host)
  return defineBridge({
    name: options.name,
    kind: 'postgres',
    direction: 'in',
    settings: { url },
    actions: ['resnapshot', 'skip'],
    faults: (place) => faultsOf(rest, place),
    open,
    act: ({ store }, request) => act(name, store, request),
  })
}

type Given = Omit<FromPostgresOptions, 'url'>

function namesOf({ name, slot, publication }: Given, { system, service }: Pick<BridgePlace, 'system' | 'service'>) {
  const made = `banyan_${[system, service, name].map(toSourceName).join('_')}`
  return { slot: slot ?? made, publication: publication ?? made }
}

function faultsOf(given: Given, place: BridgePlace): readonly string[] {
  const names = Object.entries(namesOf(given, place)).filter(([, name]) => name.length > maxName)
  const long = names.map(
    ([option, name]) => `'${name}' is longer than ${maxName} characters: give the option '${option}'`,
  )
  const isUrl = /^postgres(ql)?:\/\//.test(place.settings['url'] ?? '')
  return isUrl ? long : [...long, "the setting 'url' must begin with postgresql://"]
}

async function openSource(given: Given, host: BridgeHost): Promise<RunningBridge> {
  const { settings, store, system, service, environment, holder } = host
  const log = (message: string): void => host.log.info(message)
  const currentUrl = (): string => host.setting('url')
  const parts: HostParts = { holder, makeEvent: host.toEvent, currentUrl }
  const place = { url: settings['url'] ?? '', into: store, system, service, environment, log }
  const options = resolveOptions({ ...given, ...namesOf(given, host), ...place }, parts)
  const source = createSource(options)
  const end = (): void => void source.stop()
  host.signal.addEventListener('abort', end, { once: true })
  await source.start()
  const ended = source.ended.then((refusal) => {
    host.signal.removeEventListener('abort', end)
    if (refusal !== undefined) throw refusal
  })
  // Whoever runs it looks at it a moment later.
  ended.catch(() => undefined)
  return { ended, stop: () => source.stop(), report: createReport(source, environment) }
}

async function act(name: string, store: BridgeHost['store'], { action, detail, by }: BridgeRequest): Promise<string> {
  // It may be asked before it could begin.
  await store.migrate(changeSourceMigrations)
  if (action === 'skip') {
    const why = typeof detail['why'] === 'string' ? detail['why'] : ''
    if (why === '') throw refuse('CDC_OPTIONS', 'a change is given up for a reason', "Say 'why'.")
    return `passes over ${await skipChange(store, name, { by, why })}`
  }
  await resnapshot(store, name)
  return 'takes a new snapshot'
}

/** Names of bridges have hyphens where names in PostgreSQL have underscores; no two become one. */
function toSourceName(name: string): string {
  return name.replaceAll('-', '_')
}
