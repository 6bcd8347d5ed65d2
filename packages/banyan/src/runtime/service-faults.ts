/**
 * What can be wrong with a service. The types refuse most of it; this is for what they cannot see (bounds, names given
 * twice) and for programs that do not compile. All faults are found at once.
 */
import { contractName } from '../contract/contract-faults.ts'
import { isContract, operationsOf } from '../contract/define-contract.ts'
import { toContractEvent } from '../event-sourcing/aggregate.ts'
import { isAggregate } from '../event-sourcing/define-aggregate.ts'
import { isSaga } from '../saga/define-saga.ts'
import { isBridge } from './define-bridge.ts'
import { scheduleFaults } from './schedule/schedule-faults.ts'
import type { Service } from './service.ts'
import { subscriptionOptionFaults } from './subscription-faults.ts'

/** The shortest and the longest interval of a job, in milliseconds. */
export const jobIntervalMs = { min: 10, max: 86_400_000 } as const

/** All that is wrong with a service, a line each; empty when it is good. */
export function serviceFaults(service: Service): readonly string[] {
  if (!isContract(service.contract)) return ['the first argument must be a contract, made by defineContract']
  return [
    ...handlerFaults(service),
    ...callFaults(service),
    ...subscriptionFaults(service),
    ...jobFaults(service),
    ...scheduleFaults(service.schedules, service.database !== undefined),
    ...aggregateFaults(service),
    ...projectionFaults(service),
    ...bridgeFaults(service),
    ...sagaFaults(service),
  ]
}

function handlerFaults({ contract, operations }: Service): readonly string[] {
  const declared = new Set(operationsOf(contract).map((operation) => operation.name))
  const missing = [...declared].filter((name) => typeof operations[name] !== 'function')
  const extra = Object.keys(operations).filter((name) => !declared.has(name))
  return [
    ...missing.map((name) => `operation '${name}' has no handler`),
    ...extra.map((name) => `'${name}' is not an operation of the contract`),
  ]
}

function callFaults({ calls }: Service): readonly string[] {
  return calls.flatMap((callable, index) => {
    const kind = (callable as { readonly kind?: unknown } | undefined)?.kind
    if (isContract(callable) || kind === 'command' || kind === 'query') return []
    return [`calls[${index}] is neither a contract nor an operation of one`]
  })
}

function subscriptionFaults({ subscriptions }: Service): readonly string[] {
  return subscriptions.flatMap((subscription, index) => {
    if (subscription?.$banyan !== 'subscription') return [`on[${index}] is no subscription: write on(event, handler)`]
    if (subscription.event?.kind !== 'event' || typeof subscription.handle !== 'function')
      return [`on[${index}] needs an event of a contract and a handler`]
    return subscriptionOptionFaults(subscription.options).map(
      (fault) => `on[${index}] (${subscription.event.wire}): ${fault}`,
    )
  })
}

function jobFaults({ jobs }: Service): readonly string[] {
  const names = jobs.map((job) => job.name)
  return jobs.flatMap((job, index) => {
    const faults: string[] = []
    if (!contractName.test(job.name)) faults.push(`name '${job.name}' must be lower case letters, digits and '-'`)
    if (names.indexOf(job.name) !== index) faults.push(`the name '${job.name}' is used twice`)
    if (!within(job.everyMs, jobIntervalMs.min, jobIntervalMs.max))
      faults.push(`everyMs ${job.everyMs} must be a whole number from ${jobIntervalMs.min} to ${jobIntervalMs.max}`)
    return faults.map((fault) => `jobs[${index}]: ${fault}`)
  })
}

function aggregateFaults({ contract, aggregates, database }: Service): readonly string[] {
  const names = aggregates.map((aggregate) => aggregate?.name)
  const none = aggregates.length > 0 && database === undefined ? ["aggregates need a 'database' to lie in"] : []
  const all = aggregates.flatMap((aggregate, index) => {
    if (!isAggregate(aggregate)) return [`aggregates[${index}] is none: make it with defineAggregate`]
    if (names.indexOf(aggregate.name) !== index) return [`aggregates[${index}]: '${aggregate.name}' is listed twice`]
    return Object.values(aggregate.events).flatMap((source) => {
      const event = toContractEvent(source)
      const own = event === undefined || event.contract === contract.name
      return own
        ? []
        : [`aggregate '${aggregate.name}': '${event.wire}' is an event of '${event.contract}', not its own`]
    })
  })
  return [...none, ...all]
}

function projectionFaults({ projections, contract }: Service): readonly string[] {
  const names = projections.map((projection) => projection?.name)
  return projections.flatMap((projection, index) => {
    if (projection?.$banyan !== 'projection') return [`projections[${index}] is none: make it with defineProjection`]
    const source = projection.handlers[0]?.event.contract
    if (projection.mode === 'inline' && source !== contract.name)
      return [
        `projections[${index}]: '${projection.name}' is inline but reads events of '${source}', not of this service`,
      ]
    return names.indexOf(projection.name) === index
      ? []
      : [`projections[${index}]: '${projection.name}' is listed twice; list the newest version, with 'previous'`]
  })
}

function bridgeFaults({ bridges, database }: Service): readonly string[] {
  const names = bridges.map((bridge) => bridge?.name)
  const none = bridges.length > 0 && database === undefined ? ["bridges need a 'database' to keep their places in"] : []
  const all = bridges.flatMap((bridge, index) => {
    if (!isBridge(bridge)) return [`bridges[${index}] is none: an adapter makes them, like fromPostgres({ … })`]
    return names.indexOf(bridge.name) === index ? [] : [`bridges[${index}]: the name '${bridge.name}' is used twice`]
  })
  return [...none, ...all]
}

function sagaFaults({ sagas, database }: Service): readonly string[] {
  const versions = sagas.map((saga) => `${saga?.name}@${saga?.version}`)
  const none = sagas.length > 0 && database === undefined ? ["sagas need a 'database' to keep their journals in"] : []
  const all = sagas.flatMap((saga, index) => {
    if (!isSaga(saga)) return [`sagas[${index}] is none: make it with defineSaga`]
    const again = versions.indexOf(`${saga.name}@${saga.version}`) !== index
    return again ? [`sagas[${index}]: '${saga.name}' version ${saga.version} is listed twice`] : []
  })
  return [...none, ...all]
}

function within(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}
