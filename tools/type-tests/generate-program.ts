/**
 * Writes a generated program of many services, to see what a big system costs the compiler: each service has its contract
 * (TypeBox-like schemas with nesting, optional fields and lists, declared errors, routes), calls its neighbours and
 * listens to one of them, and has a typed database of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How big the program is. */
export interface ProgramSize {
  readonly services: number
  readonly operations: number
}

const pad = (n: number): string => String(n).padStart(2, '0')

function operationSource(service: number, operation: number): string {
  const kind = operation % 3 === 0 ? 'query' : 'command'
  const method = kind === 'query' ? 'GET' : 'PUT'
  const filter =
    kind === 'query'
      ? `filter: t.Optional(t.String())`
      : `lines: t.Array(Line, { minItems: 1 }), note: t.Optional(t.String())`
  const errors =
    kind === 'command'
      ? `\n      errors: { GONE_${operation}: t.Object({ id: t.String(), at: t.DateTime() }), BUSY: error({ code: 'UNAVAILABLE' }) },`
      : ''
  return `    op${pad(operation)}: ${kind}({
      input: t.Object({ id: t.String(), amount: t.Integer(), kind: t.Enum(['a', 'b', 'c']), ${filter} }),
      output: t.Object({ id: t.String(), total: t.Object({ amount: t.Integer(), currency: t.String() }), tags: t.Array(t.String()), extra${operation}: t.Optional(t.Boolean()) }),${errors}
      http: '${method} /s${service}/${operation}/:id',
    }),`
}

function contractSource(service: number, size: ProgramSize): string {
  const operations = Array.from({ length: size.operations }, (_, operation) => operationSource(service, operation))
  return `import { command, defineContract, error, event, query, t } from 'banyan'
void [command, query, error]
const Line = t.Object({ sku: t.String(), quantity: t.Integer(), price: t.Nullable(t.Integer()) })
export const S${pad(service)} = defineContract('s${pad(service)}', {
  version: '1.0.0', owner: 'team',
  operations: {
${operations.join('\n')}
  },
  events: {
    changed: event({ key: 'id', data: t.Object({ id: t.String(), lines: t.Array(Line) }) }),
    gone: event({ key: 'id', data: t.Object({ id: t.String() }) }),
  },
})
`
}

function handlerSource(service: number, operation: number, next: string): string {
  const answer = `{ id: input.id, total: { amount: input.amount, currency: 'EUR' }, tags: [] }`
  if (operation % 3 === 0)
    return `    op${pad(operation)}: async (input, ctx) => {
      const row = await ctx.db.selectFrom('item').selectAll().where('id', '=', input.id).executeTakeFirst()
      return { ...${answer}, tags: row === undefined ? [] : [row.name] }
    },`
  if (operation % 3 === 1)
    return `    op${pad(operation)}: async (input, ctx) => {
      const r = await ctx.attempt(${next}.op${pad(operation)}, { id: input.id, amount: 1, kind: 'a', lines: input.lines })
      if (!r.ok && r.error.reason === 'GONE_${operation}') throw ctx.fail('GONE_${operation}', { id: r.error.details.id, at: '' })
      return ${answer}
    },`
  return `    op${pad(operation)}: (input, ctx) => ctx.transact(async (tx) => {
      tx.publish(S${pad(service)}.events.changed, { id: input.id, lines: input.lines })
      return ${answer}
    }),`
}

function serviceSource(service: number, size: ProgramSize): string {
  const next = `S${pad((service + 1) % size.services)}`
  const own = `S${pad(service)}`
  const handlers = Array.from({ length: size.operations }, (_, operation) => handlerSource(service, operation, next))
  return `import { defineDatabase, defineService } from 'banyan'
import { ${own} } from './contract-${pad(service)}.ts'
import { ${next} } from './contract-${pad((service + 1) % size.services)}.ts'
interface Tables { item: { id: string; name: string; on_hand: number } }
export const service = defineService(${own}, {
  calls: [${next}],
  database: defineDatabase<Tables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
${handlers.join('\n')}
  },
  on: (on) => [on(${next}.events.changed, async (event, ctx) => ctx.transact(async (tx) => { tx.publish(${own}.events.gone, { id: event.data.lines[0]?.sku ?? '' }) }))],
})
`
}

function systemSource(size: ProgramSize): string {
  const numbers = Array.from({ length: size.services }, (_, service) => pad(service))
  return `import { defineSystem, service } from 'banyan'
${numbers.map((n) => `import { S${n} } from './contract-${n}.ts'`).join('\n')}
export default defineSystem({ name: 'big', services: [
${numbers.map((n) => `  service(S${n}, () => import('./service-${n}.ts')),`).join('\n')}
] })
`
}

/** Writes the program into a folder. */
export function generateProgram(folder: string, size: ProgramSize): void {
  mkdirSync(folder, { recursive: true })
  for (let service = 0; service < size.services; service++) {
    writeFileSync(join(folder, `contract-${pad(service)}.ts`), contractSource(service, size))
    writeFileSync(join(folder, `service-${pad(service)}.ts`), serviceSource(service, size))
  }
  writeFileSync(join(folder, 'system.ts'), systemSource(size))
}
