/**
 * What is sent and answered by everybody: an order of three lines (121 bytes of JSON), an accepted order (259 bytes). Sixty-four of
 * each, so that no engine gets to see one object again and again.
 */

export const sku = '^[A-Z]-[0-9]{3}$'
export const last4 = '^[0-9]{4}$'
export const currencies = ['EUR', 'USD', 'GBP'] as const
export const statuses = ['accepted', 'queued'] as const

/** What is ordered. */
export interface Given {
  readonly customer: string
  readonly currency: (typeof currencies)[number]
  readonly lines: readonly { readonly sku: string; readonly qty: number }[]
}

const read = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

export const inputs: readonly Given[] = read(
  Array.from({ length: 64 }, (_, index) => ({
    customer: `c-${10_000 + index}`,
    currency: currencies[index % 3] as 'EUR',
    lines: [
      { sku: `A-${100 + index}`, qty: 1 + (index % 9) },
      { sku: `B-${200 + index}`, qty: 2 },
      { sku: `C-${300 + index}`, qty: 7 },
    ],
  })),
)

export const outputs = read(
  inputs.map((given, index) => ({
    id: `01234567-89ab-4def-8123-4567890${10_000 + index}`,
    status: index % 2 === 1 ? ('accepted' as const) : ('queued' as const),
    total: 12.5 + index * 3.25,
    paid: index % 4 > 1,
    lines: given.lines.map((line, row) => ({ ...line, price: 1.25 + (row * index) / 4 })),
    payment:
      index % 2 === 1
        ? { kind: 'card' as const, last4: String(4_000 + index) }
        : { kind: 'sepa' as const, iban: `DE8937040044${index}` },
  })),
)

/** What every handler does: it finds the answer by the customer's number, asynchronously. */
export const answer = async (given: { readonly customer: string }): Promise<(typeof outputs)[number]> =>
  outputs[(Number(given.customer.slice(2)) - 10_000) & 63] as (typeof outputs)[number]

/** How many operations the ring has. */
export const ringSize = 60

/** Their names. */
export const operationNames: readonly string[] = Array.from({ length: ringSize }, (_, index) => `place${index}`)
