/** The answer to a call that succeeded: status, headers, and the output as JSON. */
import { formatPosition, type Position } from '../projection/position.ts'
import { createEntityTag, matchesEntityTag } from './entity-tag.ts'
import type { Route } from './route.ts'

/** Of a command's answer: what it published. Of a request: what its sender has seen and must see again. */
export const positionHeader = 'banyan-position'

/** An answer, but for the headers that every one has. */
export interface Success {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body?: string | undefined
}

/** Makes it; `known` is the entity tag that the client has already. */
export function toSuccess(
  route: Route,
  output: unknown,
  noted: Position | undefined,
  known: string | undefined,
): Success {
  const body = route.status === 204 ? undefined : JSON.stringify(output === undefined ? null : output)
  const headers: Record<string, string> = { 'cache-control': route.command ? 'no-store' : 'no-cache' }
  if (route.deprecated) headers['deprecation'] = '@0'
  if (noted !== undefined) headers[positionHeader] = formatPosition(noted)
  const location = route.location?.(output)
  if (location !== undefined) headers['location'] = location
  if (route.tagged && body !== undefined) {
    const tag = createEntityTag(body)
    headers['etag'] = tag
    if (known !== undefined && matchesEntityTag(known, tag)) return { status: 304, headers }
  }
  if (body !== undefined) headers['content-type'] = 'application/json'
  return { status: route.status, headers, body }
}
