/**
 * The subjects of a contract: every event's data, every operation's input, output and details of errors, under their names on
 * the wire.
 *
 * Modes, unless a subject has one of its own. Events are FULL: they lie in a log that new readers replay (backward), and
 * services are updated one by one, so that readers of yesterday meet events of today (forward). Inputs are BACKWARD: a new
 * service must read what yesterday's callers send. Outputs are FORWARD: yesterday's callers read what it answers.
 */
import type { CompatibilityMode } from '../../contract/compatibility/index.ts'
import { type AnyContract, eventsOf, operationsOf } from '../../contract/define-contract.ts'
import { type AnySchema, type JsonSchema, toJsonSchema } from '../../contract/schema.ts'
import { dataSchemaOf } from '../../runtime/schema-gate.ts'

/** One schema of a contract, as it is registered. */
export interface ContractSubject {
  readonly subject: string
  readonly kind: 'event' | 'input' | 'output' | 'error'
  /** Name on the wire of the event or operation. */
  readonly wire: string
  readonly schema: JsonSchema
  /** See dataSchemaOf. */
  readonly fingerprint: string
  readonly mode: CompatibilityMode
  /** At the public edge, which reads it, unknown properties are refused. */
  readonly unknown: 'strip' | 'refuse'
}

/** The subjects of contracts, in the order of their declarations. */
export function subjectsOf(contracts: readonly AnyContract[]): readonly ContractSubject[] {
  return contracts.flatMap((contract) => [
    ...eventsOf(contract).map(({ wire, data }) => ({
      ...describe(data, 'output'),
      ...({ subject: wire, kind: 'event', wire, mode: 'FULL', unknown: 'strip' } as const),
    })),
    ...operationsOf(contract).flatMap(({ wire, input, output, errors, http }) => [
      {
        ...describe(input, 'input'),
        ...({ subject: `${wire}.input`, kind: 'input', wire, mode: 'BACKWARD' } as const),
        unknown: http === undefined ? ('strip' as const) : ('refuse' as const),
      },
      {
        ...describe(output, 'output'),
        ...({ subject: `${wire}.output`, kind: 'output', wire, mode: 'FORWARD', unknown: 'strip' } as const),
      },
      ...errorSubjects(wire, errors),
    ]),
  ])
}

/** An error without details has nothing that could change. */
function errorSubjects(wire: string, errors: Readonly<Record<string, unknown>>): readonly ContractSubject[] {
  return Object.entries(errors).flatMap(([reason, error]) => {
    const { schema } = error as { readonly schema?: AnySchema }
    if (schema === undefined) return []
    const subject = `${wire}.error.${reason}`
    return [
      {
        ...describe(schema, 'output'),
        ...({ subject, kind: 'error', wire, mode: 'FORWARD', unknown: 'strip' } as const),
      },
    ]
  })
}

function describe(schema: AnySchema, side: 'input' | 'output'): Pick<ContractSubject, 'schema' | 'fingerprint'> {
  // A plain JSON document: TypeBox's hidden marks stay behind.
  const json = JSON.parse(JSON.stringify(toJsonSchema(schema, side))) as JsonSchema
  return { schema: json, fingerprint: fingerprintOf(json) }
}

/** The fingerprint of a JSON Schema; the `dataschema` of events when it is the schema of their data. */
export function fingerprintOf(schema: JsonSchema): string {
  // A schema of `t` is its JSON Schema; booleans are schemas too, and have no properties to be marked by.
  return dataSchemaOf(schema as unknown as AnySchema)
}
