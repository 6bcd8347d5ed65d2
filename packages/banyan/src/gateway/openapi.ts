/** The OpenAPI 3.1 document of what is served: paths, parameters and schemas as they are in the contracts. */
import { type AnyContract, operationsOf } from '../contract/define-contract.ts'
import { parseRoute } from '../contract/route.ts'
import { toJsonSchema } from '../contract/schema.ts'

/** Builds the document. */
export function openapi(
  contracts: readonly AnyContract[],
  info: { readonly name: string; readonly version?: string },
): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of contracts.flatMap(operationsOf)) {
    const route = operation.http === undefined ? '' : parseRoute(operation.http)
    if (typeof route === 'string') continue
    const path = `/${route.segments.map((s) => ('literal' in s ? s.literal : `{${s.parameter}}`)).join('/')}`
    const input = toJsonSchema(operation.input, 'input') as { properties?: Record<string, object> }
    const parameters = route.parameters.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: input.properties?.[name],
    }))
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: {
        operationId: `${operation.contract}.${operation.name}`,
        tags: [operation.contract],
        parameters,
        responses: { [operation.success?.status ?? 200]: { description: 'done' } },
      },
    }
  }
  return { openapi: '3.1.0', info: { title: info.name, version: info.version ?? '0.0.0' }, paths }
}
