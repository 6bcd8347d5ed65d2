import { expect, it } from 'vitest'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createLowWater } from './low-water.ts'

it('never passes what is open, whatever the order of finishing', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { random } = createVirtualEnvironment({ seed })
    const lowWater = createLowWater(10)
    const open = new Set<number>()
    let next = 10
    for (let step = 0; step < 1_000; step++) {
      if (random.next() < 0.5 || open.size === 0) {
        next += random.next() < 0.1 ? 3 : 1
        lowWater.opened(next)
        open.add(next)
      } else {
        const offset = [...open][Math.floor(random.next() * Math.min(open.size, 30))] as number
        open.delete(offset)
        lowWater.finished(offset)
      }
      const lowest = Math.min(...open, next + 1)
      expect(lowWater.mark()).toBeLessThan(lowest)
    }
    for (const offset of open) lowWater.finished(offset)
    expect(lowWater.mark()).toBe(next)
    expect(lowWater.ahead()).toBe(0)
  }
})
