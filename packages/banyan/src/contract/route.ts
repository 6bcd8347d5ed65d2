/**
 * The grammar of `http: 'GET /orders/:orderId'`, by type and at run time. A path is `/` or segments that are each a
 * literal or one parameter: that is what every router, OpenAPI and the Gateway API can express alike.
 */

/** Methods of operations that change state. */
export type CommandMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE'
/** Methods of queries: GET, or POST where the question does not fit into a URL. */
export type QueryMethod = 'GET' | 'POST'
/** A route of a command. */
export type CommandRoute = `${CommandMethod} /${string}`
/** A route of a query. */
export type QueryRoute = `${QueryMethod} /${string}`
/** A route: method, one space, path. */
export type Route = CommandRoute | QueryRoute

type Parameters<Path extends string> = Path extends `${infer Head}/${infer Tail}`
  ? Parameters<Head> | Parameters<Tail>
  : Path extends `:${infer P}`
    ? P
    : never

/** H itself when every `:parameter` is a field of Input, else a message that names the first one that is not. */
export type CheckedRoute<H extends string, Input> = [Exclude<Parameters<H>, keyof Input>] extends [never]
  ? H
  : `path parameter ':${Exclude<Parameters<H>, keyof Input>}' is not a field of input`

/** L itself when every `:parameter` is a field of Output, else a message. */
export type CheckedLocation<L extends string, Output> = [Exclude<Parameters<L>, keyof Output>] extends [never]
  ? L
  : `location parameter ':${Exclude<Parameters<L>, keyof Output>}' is not a field of output`

/** A segment of a path: a literal, or the name of a parameter. */
export type Segment = { readonly literal: string } | { readonly parameter: string }

/** A route, taken apart. */
export interface ParsedRoute {
  readonly method: CommandMethod | QueryMethod
  /** As written, with `:parameters`. */
  readonly path: string
  readonly segments: readonly Segment[]
  /** In order of appearance. */
  readonly parameters: readonly string[]
}

const literal = /^[A-Za-z0-9._~-]+$/
const parameter = /^:[A-Za-z_][A-Za-z0-9_]*$/

/** Takes a path like `/orders/:orderId` apart; a string is what is wrong with it. */
export function parsePath(path: string): readonly Segment[] | string {
  if (path === '/') return []
  if (!path.startsWith('/')) return `'${path}' must start with '/'`
  const parts = path.slice(1).split('/')
  const bad = parts.find((part) => !literal.test(part) && !parameter.test(part))
  if (bad === '') return `'${path}' has an empty segment: no '//' and no '/' at the end`
  if (bad !== undefined)
    return `segment '${bad}' of '${path}' is neither a literal (letters, digits, . _ ~ -) nor a parameter (:name)`
  if (parts.some((part) => part === '.' || part === '..')) return `'${path}' has a '.' or '..' segment`
  const names = parts.filter((part) => part.startsWith(':'))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return `'${path}' has the parameter '${twice}' twice`
  return parts.map((part) => (part.startsWith(':') ? { parameter: part.slice(1) } : { literal: part }))
}

/** Takes a route apart; a string is what is wrong with it. */
export function parseRoute(route: string): ParsedRoute | string {
  const found = /^(GET|POST|PUT|PATCH|DELETE) (\S+)$/.exec(route)
  const [, method, path] = found ?? []
  if (method === undefined || path === undefined)
    return `'${route}' is no route: write a method (GET, POST, PUT, PATCH, DELETE), one space and a path, as in 'GET /orders/:orderId'`
  const segments = parsePath(path)
  if (typeof segments === 'string') return segments
  return { method: method as ParsedRoute['method'], path, segments, parameters: parametersOf(segments) }
}

/** The names of a path's parameters. */
export function parametersOf(segments: readonly Segment[]): readonly string[] {
  return segments.flatMap((segment) => ('parameter' in segment ? [segment.parameter] : []))
}

/** What two routes may not share: method and path with parameters made anonymous. */
export function routeShape(route: ParsedRoute): string {
  return `${route.method} /${route.segments.map((segment) => ('parameter' in segment ? ':' : segment.literal)).join('/')}`
}
