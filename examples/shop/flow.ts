/**
 * How an order is brought to its end: `orchestrated`, by one saga of orders that asks the others (orders/checkout.ts), or
 * `choreographed`, by events alone that each service answers with events of its own. The same contracts, tables and rules; chosen
 * when the shop is started (`npm start -- --checkout choreographed`), for all its hosts alike and not while orders are under way.
 */
export const flows = ['orchestrated', 'choreographed'] as const
export type Flow = (typeof flows)[number]

/** By which the start tells the hosts. */
export const flowVariable = 'SHOP_CHECKOUT'

/** Throws when the variable holds something else. */
export function toFlow(given: string | undefined): Flow {
  const flow = given === undefined || given === '' ? 'orchestrated' : given
  if (!flows.includes(flow as Flow))
    throw new Error(`${flowVariable} is '${flow}': it must be one of ${flows.join(', ')}`)
  return flow as Flow
}

export const isChoreographed: boolean = toFlow(process.env[flowVariable]) === 'choreographed'
