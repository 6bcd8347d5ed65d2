/**
 * Routes as a tree of segments: a literal wins over a parameter, and a branch that leads nowhere is given up for the next
 * one, so what a request matches does not depend on the order of contracts. Methods are part of the match: with
 * `GET /orders/latest` and `DELETE /orders/:id`, DELETE /orders/latest reaches the second.
 */
import type { Segment } from '../contract/route.ts'

/** What a request found. */
export interface RouteMatch<Value> {
  readonly value: Value
  /** Values of the route's parameters, in order. */
  readonly parameters: readonly string[]
}

interface Node<Value> {
  readonly literals: Map<string, Node<Value>>
  parameter: Node<Value> | undefined
  readonly methods: Map<string, Value>
}

const createNode = <Value>(): Node<Value> => ({ literals: new Map(), parameter: undefined, methods: new Map() })

function childOf<Value>(node: Node<Value>, segment: Segment): Node<Value> {
  if ('parameter' in segment) {
    node.parameter ??= createNode()
    return node.parameter
  }
  const known = node.literals.get(segment.literal) ?? createNode<Value>()
  node.literals.set(segment.literal, known)
  return known
}

/** All routes of a gateway. */
export class RouteTree<Value> {
  readonly #root: Node<Value> = createNode()

  /** Adds a route; answers with what has the same method and path already, and then adds nothing. */
  add(method: string, segments: readonly Segment[], value: Value): Value | undefined {
    const { methods } = segments.reduce(childOf, this.#root)
    const other = methods.get(method)
    if (other === undefined) methods.set(method, value)
    return other
  }

  /** The route of a request. */
  find(method: string, segments: readonly string[]): RouteMatch<Value> | undefined {
    const parameters: string[] = []
    const value = descend(this.#root, method, segments, 0, parameters)
    return value === undefined ? undefined : { value, parameters }
  }

  /** The methods that are possible at a path, sorted; none when nothing is there. */
  methodsAt(segments: readonly string[]): readonly string[] {
    const found = new Set<string>()
    collect(this.#root, segments, 0, found)
    return [...found].sort()
  }
}

function descend<Value>(
  node: Node<Value>,
  method: string,
  segments: readonly string[],
  index: number,
  parameters: string[],
): Value | undefined {
  if (index === segments.length) return node.methods.get(method)
  const segment = segments[index] as string
  const literal = node.literals.get(segment)
  if (literal !== undefined) {
    const value = descend(literal, method, segments, index + 1, parameters)
    if (value !== undefined) return value
  }
  if (node.parameter === undefined || segment === '') return undefined
  parameters.push(segment)
  const value = descend(node.parameter, method, segments, index + 1, parameters)
  if (value === undefined) parameters.pop()
  return value
}

function collect<Value>(node: Node<Value>, segments: readonly string[], index: number, found: Set<string>): void {
  if (index === segments.length) {
    for (const method of node.methods.keys()) found.add(method)
    return
  }
  const segment = segments[index] as string
  const literal = node.literals.get(segment)
  if (literal !== undefined) collect(literal, segments, index + 1, found)
  if (node.parameter !== undefined && segment !== '') collect(node.parameter, segments, index + 1, found)
}
