import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVirtualEnvironment, sleep } from 'banyan/core'
import { expect, test } from 'vitest'
import { startProbes } from './probes.ts'
import { toStandaloneSettings } from './standalone-settings.ts'
import { fromTokenTable, generateTokens, toTokenTable } from './tokens.ts'

test('a host that is told nothing', () => {
  expect(toStandaloneSettings({})).toEqual({
    listen: { host: '127.0.0.1', port: 7070 },
    gateway: { host: '127.0.0.1', port: 8080 },
    peers: {},
    tokens: {},
    databaseUrl: undefined,
    databaseOverrides: {},
    connections: { perService: 8, perBus: 4 },
    drainMs: 10_000,
  })
})

test('peers, several of one service too, and IPv6', () => {
  const env = {
    BANYAN_PEERS: 'orders=http://10.0.0.1:7070, orders=http://10.0.0.2:7070/ ,stock=https://[::1]:1',
    BANYAN_LISTEN: '[::]:7',
  }
  expect(toStandaloneSettings(env)).toMatchObject({
    listen: { host: '[::]', port: 7 },
    peers: { orders: ['http://10.0.0.1:7070', 'http://10.0.0.2:7070'], stock: ['https://[::1]:1'] },
  })
})

test('tokens from the variable or the file; the file wins', () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-tokens-'))
  const file = join(folder, 'tokens.json')
  writeFileSync(file, JSON.stringify({ orders: 'f'.repeat(16) }))
  const env = { BANYAN_TOKENS: `orders=${'v'.repeat(15)}=,gateway=${'w'.repeat(16)}` }
  expect(toStandaloneSettings(env).tokens).toEqual({ orders: `${'v'.repeat(15)}=`, gateway: 'w'.repeat(16) })
  expect(toStandaloneSettings({ ...env, BANYAN_TOKENS_FILE: file }).tokens).toEqual({ orders: 'f'.repeat(16) })
  rmSync(folder, { recursive: true })
})

test('a schema registry by its address; a token only beside it', () => {
  const schemas = (env: Readonly<Record<string, string>>) => toStandaloneSettings(env).schemas
  expect(schemas({ BANYAN_SCHEMA_TOKEN: 'x' })).toBeUndefined()
  expect(schemas({ BANYAN_SCHEMA_REGISTRY: 'http://r:8081/' })).toEqual({ origin: 'http://r:8081' })
  expect(schemas({ BANYAN_SCHEMA_REGISTRY: 'https://r', BANYAN_SCHEMA_TOKEN: 'x' })).toEqual({
    origin: 'https://r',
    token: 'x',
  })
  expect(() => schemas({ BANYAN_SCHEMA_REGISTRY: 'r:8081' })).toThrow('BANYAN_SCHEMA_REGISTRY must be like')
})

test('all faults in one message, no secret in it', () => {
  const wrong = () =>
    toStandaloneSettings({
      BANYAN_LISTEN: 'everywhere',
      BANYAN_PEERS: 'orders:http://x',
      BANYAN_TOKENS: 'orders=hunter2',
      BANYAN_POOL: '0',
      BANYAN_DRAIN_MS: 'soon',
      DATABASE_URL_ORDERS: 'hunter2',
    })
  expect(wrong).toThrow(/BANYAN_LISTEN.*BANYAN_PEERS.*BANYAN_TOKENS.*DATABASE_URL_ORDERS.*BANYAN_POOL.*BANYAN_DRAIN_MS/)
  expect(wrong).not.toThrow(/hunter2/)
})

test('a host knows everybody and can speak for itself alone', () => {
  const all = generateTokens(['orders', 'payments', 'gateway'])
  const tokens = fromTokenTable(toTokenTable(all, ['orders']))
  expect(tokens.identify(all['payments'] ?? '')).toBe('payments')
  expect(tokens.identify(all['orders'] ?? '')).toBe('orders')
  for (const stranger of ['', 'x', all['orders']?.slice(1) ?? '']) expect(tokens.identify(stranger)).toBeUndefined()
  expect(tokens.of('orders')).toBe(all['orders'])
  expect(tokens.of('payments')).toBe('')
  expect(JSON.stringify(toTokenTable(all, ['orders']))).not.toContain(all['payments'])
})

test('probes: a database that fails or hangs is a reason not to be ready, until it answers again', async () => {
  const environment = createVirtualEnvironment()
  let health: 'good' | 'broken' | 'hung' = 'good'
  const probes = startProbes(environment, [
    { name: 'the log', ping: async () => undefined },
    {
      name: 'the database of orders',
      ping: async (signal) => {
        if (health === 'broken') throw new Error('connection refused')
        if (health === 'hung') await sleep(environment.timers, 1e9, signal).catch(() => sleep(environment.timers, 1e9))
      },
    },
  ])
  expect(probes.readiness()).toEqual({ ready: true, reasons: [] })
  health = 'broken'
  await environment.advance(1_100)
  expect(probes.readiness()).toEqual({
    ready: false,
    reasons: ['the database of orders does not answer: connection refused'],
  })
  health = 'good'
  await environment.advance(1_100)
  expect(probes.readiness().ready).toBe(true)
  health = 'hung'
  await environment.advance(3_200)
  expect(probes.readiness().reasons[0]).toContain('no answer within 2000 ms')
  probes.stop()
})
