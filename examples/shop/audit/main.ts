// `npm run shop:audit`: do the books of the running shop balance?
// Prints every violation on a line of its own and exits 1, or `ok: …` and exits 0; 2 when it could not look.

import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type AuditOptions, audit, defaultSettleMs } from './audit.ts'

const usage = `usage: shop:audit [options]
  --orders FILE        also audit these orders, one id a line (such as those a load acknowledged)
  --customers ID,ID    also audit all orders of these customers
  --settle-ms N        time for orders to come to an end (${defaultSettleMs})
  --wait-ms N          do not look before: a slow provider may still authorize what was given up (0)
  --initial-stock N    what was on hand of each product before the first order
  --json               one JSON document instead of lines
addresses: BANYAN_GATEWAY_PORT (8080) and SHOP_PROVIDER_PORT (8070) on 127.0.0.1
`

const flags = {
  orders: { type: 'string' },
  customers: { type: 'string' },
  'settle-ms': { type: 'string' },
  'wait-ms': { type: 'string', default: '0' },
  'initial-stock': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

interface Settings {
  audit: AuditOptions
  json: boolean
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: flags, strict: true, allowPositionals: false })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const settings = await toSettings(values)
  const result = await audit(settings.audit)
  const { violations, orders, charges, products } = result
  if (settings.json) print(JSON.stringify({ ok: violations.length === 0, ...result }, null, 2))
  else if (violations.length === 0) print(`ok: ${orders} orders, ${charges} charges, ${products} products`)
  else for (const { rule, what } of violations) print(`${rule}: ${what}`)
  return violations.length === 0 ? 0 : 1
}

type Values = ReturnType<typeof parseArgs<{ options: typeof flags }>>['values']

async function toSettings(values: Values): Promise<Settings> {
  const initial = values['initial-stock']
  const lines = values.orders === undefined ? [] : (await readFile(values.orders, 'utf8')).split('\n')
  const options: AuditOptions = {
    gatewayUrl: `http://127.0.0.1:${process.env['BANYAN_GATEWAY_PORT'] || 8080}`,
    providerUrl: `http://127.0.0.1:${process.env['SHOP_PROVIDER_PORT'] || 8070}`,
    orders: toIds(lines),
    customers: toIds((values.customers ?? '').split(',')),
    settleMs: toCount('--settle-ms', values['settle-ms'] ?? String(defaultSettleMs)),
    minWaitMs: toCount('--wait-ms', values['wait-ms'] ?? '0'),
    initialStock: initial === undefined ? undefined : toCount('--initial-stock', initial),
  }
  return { audit: options, json: values.json ?? false }
}

function toIds(texts: readonly string[]): string[] {
  return texts.map((text) => text.trim()).filter((text) => text !== '')
}

function toCount(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${flag} must be a whole number, is ${JSON.stringify(text)}`)
  return Number(text)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

try {
  process.exitCode = await main()
} catch (error) {
  const { message, cause } = error as Error & { cause?: { code?: string } }
  process.stderr.write(`shop:audit: ${message}${cause?.code ? ` (${cause.code}): is the shop running?` : ''}\n`)
  process.exitCode = 2
}
