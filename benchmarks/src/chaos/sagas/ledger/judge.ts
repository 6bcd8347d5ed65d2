/** What must hold of the books at a legal end: everything once when it has completed, nothing left when it was undone. */

import type { Scenario } from './contracts.ts'
import type { Charges } from './provider.ts'

/** Everything that is written down under one key. */
export interface Books {
  readonly ledger: ReadonlyMap<string, number>
  readonly wallet: ReadonlyMap<string, number>
  readonly charges: Charges
}

/** Ends that a scenario may have. A happy one may be undone, when a participant was away for longer than it is tried. */
export const legalEnds: Readonly<Record<Scenario, readonly string[]>> = {
  happy: ['completed', 'undone'],
  refused: ['undone'],
  cancelled: ['undone'],
}

const kept = {
  ledger: ['note', 'middle', 'label'],
  wallet: ['debit', 'left', 'right', 'first offer', 'parcel'],
} as const
const final = { ledger: ['book'], wallet: ['settle'] } as const

/** What is wrong; empty when they balance. */
export function findImbalance({ ledger, wallet, charges }: Books, end: string): readonly string[] {
  const faults: string[] = []
  const expect = (what: string, found: number, wanted: number): void => {
    if (found !== wanted) faults.push(`${what}: ${found} instead of ${wanted}`)
  }
  const once = end === 'completed' ? 1 : 0
  for (const [name, book] of [
    ['ledger', ledger],
    ['wallet', wallet],
  ] as const) {
    const count = (what: string): number => book.get(what) ?? 0
    for (const what of book.keys()) if (count(what) > 1) faults.push(`${name} '${what}': ${count(what)} times`)
    for (const what of kept[name]) expect(`${name} '${what}'`, count(what) - count(`${what} back`), once)
    for (const what of final[name]) expect(`${name} '${what}'`, count(what), once)
  }
  expect("wallet 'second offer'", (wallet.get('second offer') ?? 0) - (wallet.get('second offer back') ?? 0), 0)
  expect("ledger 'rival'", ledger.get('rival') ?? 0, 1)
  expect('authorized and not voided', charges.authorized - charges.voided, once)
  expect('captured', charges.captured, once)
  return faults
}
