/** A projection in a running system: fed, read, waited for. Both shapes, virtual time. */
import { afterEach, describe, expect, it } from 'vitest'
import type { TestSystem } from '../testing/index.ts'
import { Goods, type Level, memoryTables, Shelf, startStock, stock } from '../testing/suites/stock-system.ts'
import { formatPosition, type Position, tagOfType } from './index.ts'

describe.each(['one', 'split'] as const)('a projection (%s)', (shape) => {
  let test: TestSystem | undefined
  afterEach(async () => test?.stop())
  const start = async (version = 1): Promise<TestSystem> => {
    test = await startStock(stock(version, memoryTables()), { shape })
    return test
  }

  it('is live at once in a new system, and empty', async () => {
    const { call } = await start()
    expect(await call(Shelf.level, { sku: 'a' })).toEqual({ level: 0, version: 1 })
  })

  it('shows what was published, in order, once', async () => {
    const { call, advance } = await start()
    for (let by = 1; by <= 20; by++) await call(Goods.change, { sku: by % 2 ? 'odd' : 'even', by })
    await advance(2_000)
    expect(await call(Shelf.level, { sku: 'odd' })).toMatchObject({ level: 100 })
    expect(await call(Shelf.level, { sku: 'even' })).toMatchObject({ level: 110 })
  })

  it('shows a handler what its own calls have published', async () => {
    const { call } = await start()
    for (let by = 1; by <= 5; by++) expect(await call(Shelf.changeAndLook, { sku: 'a', by: 1 })).toEqual({ level: by })
  })

  it('shows a reader what its token names, also when that is a whole transaction', async () => {
    const { hosts, environment } = await start()
    const edge = hosts.at(-1)
    const noted: Position[] = []
    const changes = Array.from({ length: 10 }, (_, index) => ({ sku: `s${index}`, by: index }))
    const call = (operation: unknown, input: unknown, position?: Position): Promise<unknown> =>
      environment.run(
        edge?.invoke(operation as never, input as never, {
          caller: 'c',
          position,
          note: (p) => void noted.push(p),
        }) as never,
      )
    await call(Goods.changeMany, { changes })
    const position = noted[0] as Position
    expect(position.map(({ source }) => source)).toEqual(Array(11).fill('goods'))
    for (const { sku, by } of changes) expect(await call(Shelf.level, { sku }, position)).toMatchObject({ level: by })
  })

  it('is waited for no longer than said, and says what to do', async () => {
    const { call, environment } = await start()
    const missing = { source: 'goods', tag: tagOfType('goods.changed.v1'), id: environment.random.uuidv7() }
    const before = environment.clock.monotonic()
    await expect(call(Shelf.waitFor, { position: formatPosition([missing]) })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'POSITION_NOT_REACHED',
      retryable: true,
    })
    expect(environment.clock.monotonic() - before).toBeLessThan(700)
    await expect(call(Shelf.waitFor, { position: 'nonsense' })).rejects.toMatchObject({ reason: 'BAD_POSITION' })
  })

  it('is not waited for when the token is about what it does not read', async () => {
    const { call, environment } = await start()
    const others = [
      { source: 'goods', tag: tagOfType('goods.noted.v1'), id: environment.random.uuidv7() },
      { source: 'elsewhere', tag: tagOfType('goods.changed.v1'), id: environment.random.uuidv7() },
    ]
    expect(await call(Shelf.waitFor, { position: formatPosition(others) })).toEqual({})
  })
})

describe('a projection', () => {
  it('parks a poisoned key and lets the others flow', async () => {
    const target = memoryTables(1_000)
    const test = await startStock(stock(1, target))
    await test.call(Goods.change, { sku: 'a', by: 666 })
    await test.call(Goods.change, { sku: 'a', by: 1 })
    await test.call(Goods.change, { sku: 'b', by: 2 })
    await test.advance(600_000)
    expect(await test.call(Shelf.level, { sku: 'b' })).toMatchObject({ level: 2 })
    expect(await test.call(Shelf.level, { sku: 'a' })).toMatchObject({ level: 0 })
    expect(await test.stores.get('shelf')?.inbox.parked(10)).toHaveLength(2)
    await test.stop()
  })

  it('keeps the order of the whole source when asked to', async () => {
    const target = memoryTables()
    const seen: number[] = []
    target.beforeCommit = ({ offset }) => void seen.push(offset)
    const test = await startStock(stock(1, target, { order: 'total' }))
    for (let by = 1; by <= 30; by++) await test.call(Goods.change, { sku: `s${by % 7}`, by })
    await test.advance(2_000)
    expect(seen).toEqual([...seen].sort((one, other) => one - other))
    expect(seen.at(-1)).toBe(30)
    await test.stop()
  })

  it('applies each event once when a step breaks off before or after its rows, and stays in order', async () => {
    const target = memoryTables()
    let steps = 0
    const breakOff = (): void => {
      steps += 1
      if (steps % 3 === 0) throw new Error('broken off')
    }
    target.beforeCommit = breakOff
    target.afterCommit = breakOff
    const test = await startStock(stock(1, target))
    for (let by = 1; by <= 40; by++) await test.call(Goods.change, { sku: 'a', by })
    await test.advance(120_000)
    const [status] = test.hosts.flatMap((host) => host.status().projections)
    expect(status?.progress?.lag).toBe(0)
    const view = (await target.open({} as never)).view({ name: 'stock', version: 1 })
    expect(view.table('level').get<Level>('a')?.seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
    await test.stop()
  })
})
