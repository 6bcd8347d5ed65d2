import { expect, test } from 'vitest'
import { readProjectFile } from './project-file.ts'

const read = (document: unknown) => readProjectFile(JSON.stringify(document), 'banyan.json')

test('everything it may say', () => {
  const neighbour = {
    name: 'payment-provider',
    command: ['node', 'main.ts'],
    env: { A: '1' },
    port: { env: 'P', default: 8070 },
  }
  expect(
    read({
      $schema: 'x',
      system: './s.ts',
      split: 'all',
      gateway: { port: 1 },
      control: { port: 0 },
      processes: [neighbour],
    }),
  ).toEqual({ system: './s.ts', split: 'all', gateway: { port: 1 }, control: { port: 0 }, processes: [neighbour] })
})

test('nothing is needed', () => {
  expect(read({})).toEqual({ processes: [] })
  expect(read({ processes: [{ name: 'a', command: ['b'] }] }).processes).toEqual([
    { name: 'a', command: ['b'], env: {} },
  ])
})

test.each([
  [[], 'must be an object'],
  [{ sytem: './s.ts' }, "'sytem' is no setting; there are: $schema, system"],
  [{ system: 7 }, "'system' must be the path"],
  [{ split: 'orders' }, "'split' must be"],
  [{ gateway: 8080 }, "'gateway' must be an object"],
  [{ gateway: { port: '8080' } }, "'gateway.port' must be a port"],
  [{ gateway: { prot: 1 } }, "'gateway.prot' is no setting"],
  [{ control: { port: 65_536 } }, "'control.port' must be a port"],
  [{ processes: {} }, "'processes' must be a list"],
  [{ processes: ['x'] }, "'processes[0]' must be an object"],
  [{ processes: [{ name: '../etc', command: ['x'] }] }, "'processes[0].name' must be"],
  [{ processes: [{ name: 'postgres', command: ['x'] }] }, "'processes[0].name' must be"],
  [{ processes: [{ name: 'a', command: [] }] }, "'processes[0].command' must be"],
  [{ processes: [{ name: 'a', command: ['x'], env: { A: 1 } }] }, "'processes[0].env' must be"],
  [{ processes: [{ name: 'a', command: ['x'], port: 8070 }] }, "'processes[0].port' must be"],
  [{ processes: [{ name: 'a', command: ['x'], port: { env: 'A B', default: 1 } }] }, "'processes[0].port.env' must be"],
  [
    {
      processes: [
        { name: 'a', command: ['x'] },
        { name: 'a', command: ['y'] },
      ],
    },
    "two processes are called 'a'",
  ],
])('refuses %j', (document, message) => {
  expect(() => read(document)).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }))
})

test('all faults at once, and the file by its path', () => {
  const faulty = { gateway: { port: -1 }, control: { port: -1 }, x: 1 }
  expect(() => read(faulty)).toThrow(/^banyan\.json: 'x' is no .*; 'gateway\.port' .*; 'control\.port' /)
  expect(() => readProjectFile('{', 'banyan.json')).toThrow(/^banyan\.json is not JSON/)
})
