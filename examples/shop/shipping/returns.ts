/** Parcels that come back. The customer is simulated as the carrier is: whoever has a label uses it after a while. */
import type { ContextOf, Failing } from 'banyan'
import { Shipping } from './contract.ts'
import type { ShippingTables } from './tables.ts'

type Types<N extends 'returnLabel' | 'voidLabel'> = (typeof Shipping)['operations'][N]['~types']
type Ctx = ContextOf<typeof Shipping, never, ShippingTables>

/** The customer takes this long to pack it, then the carrier this long. In milliseconds. */
const postingMs = 1_000
const carrierMs = 300
const batch = 200

export function returnLabel(
  { orderId }: { readonly orderId: string },
  ctx: Ctx & Failing<Types<'returnLabel'>['errors']>,
) {
  return ctx.transact(async (tx) => {
    await tx.sql`insert into return_parcel (order_id, state, due_at)
      values (${orderId}, 'label', banyan.now() + ${postingMs} * interval '1 millisecond') on conflict do nothing`
    const row = await tx.db
      .selectFrom('return_parcel')
      .select('state')
      .where('order_id', '=', orderId)
      .executeTakeFirst()
    if (row?.state === 'void') throw ctx.fail('VOID')
    return { label: `return-${orderId}` }
  })
}

/** Decided where the row is locked: either the label is void, or the parcel is on its way. */
export function voidLabel({ orderId }: { readonly orderId: string }, ctx: Ctx & Failing<Types<'voidLabel'>['errors']>) {
  return ctx.transact(async (tx) => {
    await tx.sql`insert into return_parcel (order_id, state) values (${orderId}, 'void')
      on conflict (order_id) do update set state = 'void' where return_parcel.state = 'label'`
    const row = await tx.db
      .selectFrom('return_parcel')
      .select('state')
      .where('order_id', '=', orderId)
      .executeTakeFirst()
    if (row?.state !== 'void') throw ctx.fail('TOO_LATE')
    return { orderId }
  })
}

/** Two steps in one look: what is due goes on its way, what has been on its way long enough is back. */
export async function sendBackDue(ctx: Ctx): Promise<void> {
  await ctx.transact(async (tx) => {
    const rows = await tx.sql<{ order_id: string; state: string }>`update return_parcel
      set state = case state when 'label' then 'under-way' else 'back' end,
        due_at = banyan.now() + ${carrierMs} * interval '1 millisecond'
      where order_id in (select order_id from return_parcel where state in ('label', 'under-way') and due_at <= banyan.now()
        order by due_at limit ${batch} for update skip locked)
      returning order_id, state`
    for (const { order_id: orderId, state } of rows)
      if (state === 'back') tx.publish(Shipping.events.returned, { orderId })
  })
}
