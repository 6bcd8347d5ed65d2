/** Orders through the whole flow, from `POST /orders` to delivered, in one process and with each service in its own. First numbers; no target yet. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CpuMeter } from '../measure/process-cpu.ts'
import type { Effort, Section } from '../measure/section.ts'
import { median, percentile } from '../measure/statistics.ts'
import { toTable, toText } from '../measure/table.ts'
import { Customers, type Delivered } from './customers.ts'
import { type Shop, startShop } from './shop.ts'

const shapes = { 'one process': 'none', 'split all': 'all' } as const
type Shape = keyof typeof shapes

/** One batch of orders. */
interface Batch {
  readonly perSecond: number
  readonly hostMs: number
  readonly postgresMs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What one started shop gave. */
interface Run {
  readonly idle: { readonly hostPercent: number; readonly postgresPercent: number }
  readonly calm: readonly Batch[]
  readonly busy: readonly Batch[]
}

const calm = { workers: 1, what: 'one customer' }
const busy = { workers: 16, what: '16 customers' }

const method = `
The shop as \`npm start\` runs it (\`--split none\` and \`--split all\`) on its embedded PostgreSQL, data on the machine's own disk with
\`fsync\` on. Customers order two products each time (\`tok_ok\`), each the next as soon as the last is accepted, until the batch is
placed; then they look every half second whether everything is delivered. Times are those the shop itself wrote into the order's history. Rate: orders of the
batch over the time from the first order's making to the last one's delivery. The simulated carrier takes 1.4 s of every order and looks for parcels 5 to 10 times a
second; that is in the time to delivery and not in the CPU. CPU per order is that of all hosts with gateway and parent, and of all of
PostgreSQL's processes; the payment provider (an external company, which syncs its ledger at each charge) and the customers are not in it. It contains what the
shop uses while it waits, which the last two columns show: CPU of an idle shop, in percent of one core.

An order is the work of all five services: seven events through outbox, log and inbox, and two requests to the payment provider.`

async function measureBatch(shop: Shop, customers: Customers, workers: number, count: number): Promise<Batch> {
  const { hosts, postgres } = await shop.pids()
  const ofHosts = new CpuMeter(() => hosts)
  const ofPostgres = new CpuMeter(() => postgres)
  ofHosts.start()
  ofPostgres.start()
  const orders = await customers.order(workers, count)
  const perOrder = (meter: CpuMeter): number => meter.total() / 1e6 / count
  const took = (order: Delivered): number => order.deliveredMs - order.createdMs
  const firstMs = Math.min(...orders.map(({ createdMs }) => createdMs))
  const lastMs = Math.max(...orders.map(({ deliveredMs }) => deliveredMs))
  return {
    perSecond: (count * 1_000) / (lastMs - firstMs),
    hostMs: perOrder(ofHosts),
    postgresMs: perOrder(ofPostgres),
    p50Ms: percentile(orders.map(took), 0.5),
    p99Ms: percentile(orders.map(took), 0.99),
  }
}

async function measureIdle(shop: Shop, ms: number): Promise<Run['idle']> {
  const { hosts, postgres } = await shop.pids()
  const ofHosts = new CpuMeter(() => hosts)
  const ofPostgres = new CpuMeter(() => postgres)
  ofHosts.start()
  ofPostgres.start()
  await sleep(ms)
  const percent = (meter: CpuMeter): number => meter.total() / 1e4 / ms
  return { hostPercent: percent(ofHosts), postgresPercent: percent(ofPostgres) }
}

async function run(shape: Shape, effort: Effort): Promise<Run> {
  const shop = await startShop(shapes[shape])
  const customers = new Customers(shop.gatewayUrl)
  try {
    await customers.open()
    const count = effort.measureMs / 2
    await customers.order(busy.workers, count)
    const idle = await measureIdle(shop, effort.measureMs * 10)
    const batches = { calm: [] as Batch[], busy: [] as Batch[] }
    batches.calm.push(await measureBatch(shop, customers, calm.workers, Math.ceil(count / 5)))
    for (let round = 0; round < effort.rounds; round++)
      batches.busy.push(await measureBatch(shop, customers, busy.workers, count))
    return { idle, ...batches }
  } finally {
    await customers.close()
    await shop.stop()
  }
}

function toRow(name: string, batches: readonly Batch[], idle: readonly Run['idle'][]): readonly string[] {
  const middle = (read: (batch: Batch) => number): string => toText(median(batches.map(read)))
  const percent = (read: (idle: Run['idle']) => number): string => toText(median(idle.map(read)))
  return [
    name,
    middle(({ perSecond }) => perSecond),
    `${toText(Math.min(...batches.map(({ perSecond }) => perSecond)))} – ${toText(Math.max(...batches.map(({ perSecond }) => perSecond)))}`,
    middle(({ hostMs }) => hostMs),
    middle(({ postgresMs }) => postgresMs),
    middle(({ p50Ms }) => p50Ms),
    middle(({ p99Ms }) => p99Ms),
    percent(({ hostPercent }) => hostPercent),
    percent(({ postgresPercent }) => postgresPercent),
  ]
}

const head = [
  'orders',
  'per s',
  'lowest – highest',
  'hosts CPU ms/order',
  'PostgreSQL CPU ms/order',
  'delivered p50 ms',
  'delivered p99 ms',
  'idle hosts %',
  'idle PostgreSQL %',
]

/** See the top of the file. */
export async function benchmark(effort: Effort, say: (line: string) => void): Promise<Section> {
  const runs: Record<Shape, Run[]> = { 'one process': [], 'split all': [] }
  const names = Object.keys(shapes) as Shape[]
  for (let generation = 0; generation < effort.generations; generation++)
    for (const shape of generation % 2 === 0 ? names : [...names].reverse()) {
      say(`${shape}: generation ${generation + 1} of ${effort.generations}`)
      runs[shape].push(await run(shape, effort))
    }
  const rows = names.flatMap((shape) => {
    const idle = runs[shape].map((one) => one.idle)
    const busyBatches = runs[shape].flatMap((one) => one.busy)
    const calmBatches = runs[shape].flatMap((one) => one.calm)
    return [toRow(`${shape}, ${busy.what}`, busyBatches, idle), toRow(`${shape}, ${calm.what}`, calmBatches, idle)]
  })
  return { title: 'Orders through the whole flow', method, tables: [toTable(head, rows)], verdicts: [] }
}
