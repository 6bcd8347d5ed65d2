/** A webhook at the edge, compiled at start: what is missing or cannot work is found there, by name. */
import { type AnyContract, operationsOf } from '../../contract/define-contract.ts'
import { parsePath, type Segment } from '../../contract/route.ts'
import { validator } from '../../contract/schema.ts'
import { readSettings } from '../../runtime/bridge-settings.ts'
import type { Webhook, WebhookSecret } from '../../runtime/webhook.ts'
import { type Compiled, compileSchema } from '../../schema/index.ts'

/** A compiled webhook. */
export interface WebhookRoute {
  readonly webhook: Webhook
  readonly segments: readonly Segment[]
  readonly schema: Compiled | undefined
  /** Asked again for each delivery, so that an exchanged secret counts at once. Empty when the first is missing now. */
  secrets(): readonly string[]
  /** Of the last line about refused deliveries: there may be many of them. */
  refused: { sinceMs: number; count: number }
}

const read = (secret: WebhookSecret): string | undefined => (typeof secret === 'function' ? secret() : secret)

/** What is wrong with it here, a line each. */
export function webhookFaults({ name, verifier, to }: Webhook, contracts: readonly AnyContract[]): readonly string[] {
  const faults: string[] = []
  if (!contracts.some((contract) => operationsOf(contract).includes(to)))
    faults.push(`its command '${to.contract}.${to.name}' belongs to no contract of this gateway`)
  for (const [index, secret] of verifier.secrets.entries()) {
    const label = index === 0 ? 'secret' : `previous[${index - 1}]`
    const { settings, faults: missing } = readSettings({
      settings: { [label]: typeof secret === 'function' ? secret : () => secret },
    })
    const value = settings[label]
    if (value === undefined && index === 0) faults.push(...missing)
    const fault = value === undefined ? undefined : verifier.faultOf?.(value)
    if (fault !== undefined) faults.push(`its ${label} ${fault}`)
  }
  return faults.map((fault) => `webhook '${name}': ${fault}`)
}

/** Compiles it; its faults have been looked for. */
export function compileWebhook(webhook: Webhook): WebhookRoute {
  const { path, schema, verifier } = webhook
  return {
    webhook,
    segments: parsePath(path) as readonly Segment[],
    schema: schema === undefined ? undefined : compileSchema(validator(schema, 'input').json, { extras: 'strip' }),
    secrets() {
      const [first, ...others] = verifier.secrets.map(read)
      if (first === undefined || first === '') return []
      return [first, ...others.filter((one) => one !== undefined && one !== '')] as readonly string[]
    },
    refused: { sinceMs: 0, count: 0 },
  }
}
