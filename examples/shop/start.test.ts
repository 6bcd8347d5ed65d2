// How the shop is told, at its start, how orders are to be led.
import { describe, expect, it } from 'vitest'
import { toFlow } from './flow.ts'
import { takeCheckout } from './start.ts'

describe('--checkout', () => {
  it.each([
    [['--split', 'all'], undefined, ['--split', 'all']],
    [['--split', 'all', '--checkout', 'choreographed', '--json'], 'choreographed', ['--split', 'all', '--json']],
    [['--checkout=orchestrated'], 'orchestrated', []],
    [['--json', '--checkout'], '', ['--json']],
  ])('%j is taken out of what the command line gets', (args, checkout, rest) => {
    expect(takeCheckout(args)).toEqual({ checkout, rest })
  })

  it.each([
    [undefined, 'orchestrated'],
    ['', 'orchestrated'],
    ['choreographed', 'choreographed'],
  ])('%j means %s', (given, flow) => {
    expect(toFlow(given)).toBe(flow)
  })

  it('has two values', () => {
    expect(() => toFlow('chaotic')).toThrow("SHOP_CHECKOUT is 'chaotic': it must be one of orchestrated, choreographed")
  })
})
