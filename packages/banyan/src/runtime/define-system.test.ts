import { describe, expect, test } from 'vitest'
import { defineContract, event, query, t } from '../contract/index.ts'
import { checkSystem } from './check-system.ts'
import { defineService, type Service } from './define-service.ts'
import { defineSystem, isSystem, service } from './define-system.ts'

const empty = t.Object({})
const contractOf = <const N extends string>(name: N) =>
  defineContract(name, {
    version: '1.0.0',
    owner: 'x',
    operations: { look: query({ input: empty, output: empty }) },
    events: { seen: event({ key: 'id', data: t.Object({ id: t.String() }) }) },
  })
const A = contractOf('a')
const B = contractOf('b')
const C = contractOf('c')
const operations = { look: async () => ({}) }
const a = defineService(A, { calls: [B], operations })
const b = defineService(B, { operations, on: (on) => [on(C.events.seen, async () => {})] })
const c = defineService(C, { operations })

test('a system loads a service when it is asked to, and not before', async () => {
  const loaded: string[] = []
  const load =
    <M>(name: string, module: M) =>
    async (): Promise<M> => {
      loaded.push(name)
      return module
    }
  const system = defineSystem({
    name: 'shop',
    services: [
      service(A, load('a', { a, helper: () => 1 })),
      service(B, load('b', { default: b, b })),
      service(C, load('c', c)),
    ],
  })
  expect(isSystem(system)).toBe(true)
  expect(system.services.map(({ contract }) => contract.name)).toEqual(['a', 'b', 'c'])
  expect(loaded).toEqual([])
  expect(await system.services[1]?.load()).toBe(b)
  expect(await system.services[2]?.load()).toBe(c)
  expect(loaded).toEqual(['b', 'c'])
})

test('services may be given as they are', async () => {
  const system = defineSystem({ name: 'shop', services: [a, b, c] })
  expect(await system.services[0]?.load()).toBe(a)
})

describe('a module is refused when it', () => {
  const loadOf = (module: unknown) => service(A, (async () => module) as never).load()
  test.each([
    ['exports no service', { helper: 1 }, "the module of service 'a' exports no service: it must export exactly one"],
    ['exports nothing', undefined, "the module of service 'a' exports no service"],
    ['exports two', { a, b }, "the module of service 'a' exports 2 services"],
    ['exports that of another contract', { b }, "the module of service 'a' 1.0.0 exports a service of 'b' 1.0.0"],
  ])('%s', async (_name, module, message) => {
    await expect(loadOf(module)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      reason: 'INVALID_SYSTEM',
    })
  })

  test('does not load: the reason stays', async () => {
    const failing = service(A, (() => Promise.reject(new Error('syntax'))) as never)
    await expect(failing.load()).rejects.toThrow('syntax')
  })
})

describe('a system is refused with', () => {
  test.each([
    ['a bad name', { name: 'My Shop', services: [c] }, 'the name must be lower case letters'],
    ['no services', { name: 'shop', services: [] }, 'a system needs at least one service'],
    ['one service twice', { name: 'shop', services: [c, c] }, "'c' is listed twice"],
    ['a service that is external too', { name: 'shop', services: [c], external: [C] }, "'c' is listed twice"],
    ['a contract for a service', { name: 'shop', services: [c, A] }, 'services[1] is no service: write service('],
    ['a service as external', { name: 'shop', services: [c], external: [b] }, 'external takes contracts'],
  ])('%s', (_name, spec, message) => {
    expect(() => defineSystem(spec as never)).toThrow(message)
  })
})

describe('what the types cannot see is found when the services are loaded', () => {
  const widened: Service[] = [a]
  test('a call and a subscription without a service', () => {
    const system = defineSystem({ name: 'shop', services: widened })
    expect(() => checkSystem(system, [a, b])).toThrowErrorMatchingInlineSnapshot(`
      [BanyanError: system 'shop' is not complete:
        - 'b' is called by 'a' but has no service here: add it, or list its contract in 'external'
        - 'c' is listened to by 'b' but has no service here: add it, or list its contract in 'external']
    `)
  })
  test('a part of the system is checked alone', () => {
    const system = defineSystem({ name: 'shop', services: widened, external: [B] })
    expect(() => checkSystem(system, [a])).not.toThrow()
    expect(() => checkSystem(system, [b])).toThrow("'c' is listened to by 'b' but has no service here")
  })
})
