import { expect, it } from 'vitest'
import { toArguments } from './settings.ts'

const socket = { port: 5432, socketDirectory: '/tmp/banyan-1/x' }
const pairs = (args: string[]): string[] => args.filter((arg) => arg !== '-c')

it('listens on the socket only, or on loopback only', () => {
  expect(pairs(toArguments(socket))).toEqual(
    expect.arrayContaining([
      'listen_addresses=',
      'unix_socket_directories=/tmp/banyan-1/x',
      'unix_socket_permissions=0700',
    ]),
  )
  const tcp = pairs(toArguments({ port: 6000, socketDirectory: undefined }))
  expect(tcp).toEqual(expect.arrayContaining(['listen_addresses=127.0.0.1', 'port=6000']))
  expect(tcp.join()).not.toContain('unix_socket')
})

it('lets the caller override a default and never an essential', () => {
  const args = pairs(toArguments(socket, 50, { shared_buffers: '32MB', jit: true, 'pg_stat_statements.max': 100 }))
  expect(args).toEqual(
    expect.arrayContaining(['shared_buffers=32MB', 'jit=on', 'pg_stat_statements.max=100', 'max_connections=50']),
  )
  expect(args).not.toContain('shared_buffers=64MB')
})

it.each([
  ['port', 1],
  ['listen_addresses', '*'],
  ['hba_file', '/tmp/open.conf'],
  ['max_connections', 5],
  ['Shared Buffers', '1GB'],
  ['a=b', 1],
  ['work_mem', null as unknown as string],
])('refuses the setting %s, naming it', (name, value) => {
  expect(() => toArguments(socket, 50, { [name]: value })).toThrow(
    expect.objectContaining({ code: 'BAD_SETTING', message: expect.stringContaining(`settings.${name} `) }),
  )
})

it.each([0, 9, 10.5, Number.NaN, 100_000])('refuses %s connections', (count) => {
  expect(() => toArguments(socket, count)).toThrow(
    expect.objectContaining({ message: expect.stringContaining('maxConnections') }),
  )
})
