import { describe, expect, it } from 'vitest'
import type { Status } from './order.ts'
import { signOf } from './sales.ts'

const steps = (...statuses: Status[]): { status: Status }[] => statuses.map((status) => ({ status }))

describe('a sale', () => {
  it('is counted when an order is confirmed, and by no other step', () => {
    expect(signOf('pending', steps('pending'))).toBe(0)
    expect(signOf('confirmed', steps('pending', 'confirmed'))).toBe(1)
    expect(signOf('shipped', steps('pending', 'confirmed', 'shipped'))).toBe(0)
    expect(signOf('rejected', steps('pending', 'rejected'))).toBe(0)
  })

  it('is taken back when it was one', () => {
    expect(signOf('cancelled', steps('pending', 'confirmed', 'cancelled'))).toBe(-1)
    expect(signOf('cancelled', steps('pending', 'cancelled'))).toBe(0)
  })
})
