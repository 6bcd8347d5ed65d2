import { describe, expect, it } from 'vitest'
import { choose, maxCatchUp, missedAfterMs } from './choice.ts'
import { fromInterval } from './timetable.ts'

const minute = 60_000
const every = fromInterval(minute)

describe('which occurrence is next', () => {
  it.each(['one', 'all', 'none'] as const)('none, while nothing is due: %s', (catchUp) => {
    expect(choose(every, catchUp, 5 * minute, 5 * minute + 1_000)).toEqual({ do: 'wait', inMs: 59_000 })
  })

  it.each(['one', 'all', 'none'] as const)('the one that is due: %s', (catchUp) => {
    expect(choose(every, catchUp, 5 * minute, 6 * minute)).toEqual({ do: 'run', atMs: 6 * minute })
  })

  it('of many that were missed the last, each, or none', () => {
    const nowMs = 100 * minute + 30_000
    expect(choose(every, 'one', 5 * minute, nowMs)).toEqual({ do: 'run', atMs: 100 * minute })
    expect(choose(every, 'all', 5 * minute, nowMs)).toEqual({ do: 'run', atMs: 6 * minute })
    expect(choose(fromInterval(10 * minute), 'none', 0, 65 * minute)).toEqual({ do: 'skip', atMs: 60 * minute })
  })

  it('is the one just missed also for none, when it is late by no more than the bound', () => {
    expect(choose(fromInterval(10 * minute), 'none', 0, 60 * minute + missedAfterMs)).toMatchObject({ do: 'run' })
    expect(choose(fromInterval(10 * minute), 'none', 0, 60 * minute + missedAfterMs + 1)).toMatchObject({ do: 'skip' })
  })

  it('bounds how many are caught up: the ones before are skipped', () => {
    expect(choose(every, 'all', 0, maxCatchUp * minute)).toEqual({ do: 'run', atMs: minute })
    expect(choose(every, 'all', 0, (maxCatchUp + 5) * minute)).toEqual({ do: 'skip', atMs: 5 * minute })
  })

  it('waits when what is settled lies ahead, since the clock was put back', () => {
    expect(choose(every, 'one', 10 * minute, 5 * minute)).toEqual({ do: 'wait', inMs: 6 * minute })
  })
})
