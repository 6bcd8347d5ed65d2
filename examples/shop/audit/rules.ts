// All rules, held against one snapshot.

import { moneyRules } from './money-rules.ts'
import { orderRules } from './order-rules.ts'
import type { Rule, Snapshot } from './snapshot.ts'
import { type InitialStock, stockLeft, stockRules } from './stock-rules.ts'

export interface Violation {
  rule: string
  what: string
}

export interface RuleOptions {
  initialStock?: InitialStock | undefined
}

/** Every violation, in the order of the rules; empty when the books balance. */
export function findViolations(snapshot: Snapshot, options: RuleOptions = {}): Violation[] {
  const { initialStock } = options
  const rules: Rule[] = [...orderRules, ...moneyRules, ...stockRules]
  if (initialStock !== undefined) rules.push(stockLeft(initialStock))
  return rules.flatMap(({ name, violations }) => violations(snapshot).map((what) => ({ rule: name, what })))
}
