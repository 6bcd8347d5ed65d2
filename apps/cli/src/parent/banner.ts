/** What is where, once everything is ready. */
import type { SystemView } from './system-view.ts'

/** A few lines for a person. */
export function toBanner(parent: SystemView, tookMs: number): string {
  const { system, settings, hosts, extras, database, schemasUrl } = parent
  const services = system?.services.length ?? 0
  const plans = hosts?.hosts ?? []
  const shape = plans.length === 1 ? 'one process' : `${plans.length} processes`
  const rows: [string, string][] = [
    ['gateway', `${parent.gatewayUrl}   API: ${parent.gatewayUrl}/docs`],
    ['status', parent.controlUrl],
    ...(schemasUrl === undefined ? [] : [['schemas', schemasUrl] as [string, string]]),
    ...extras.flatMap(({ spec }): [string, string][] =>
      spec.listensOn === undefined ? [] : [[spec.name, `http://127.0.0.1:${spec.listensOn}`]],
    ),
    [
      'database',
      database?.mode === 'embedded' ? `embedded PostgreSQL in ${settings.dataDir}` : 'the server of DATABASE_URL',
    ],
    ...(plans.length === 1
      ? []
      : plans.map(({ plan, supervisor }): [string, string] => [
          plan.name,
          `pid ${supervisor.pid ?? '-'}${plan.services.length > 0 ? `   ${plan.services.join(', ')}` : ''}`,
        ])),
  ]
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`)
  const title = `${system?.name}: ${services} services in ${shape}, ready after ${(tookMs / 1_000).toFixed(1)} s`
  return ['', title, '', ...lines, ''].join('\n')
}
