/** `/openapi.json` for programs and `/docs` for people: rendered once, revalidated by entity tag. */
import type { HttpRequest, HttpResponse } from '../core/environment/network.ts'
import type { SystemPage } from './edge.ts'
import { createEntityTag, matchesEntityTag } from './entity-tag.ts'
import { renderPage } from './page/page.ts'

function fixed(path: string, body: string, headers: Readonly<Record<string, string>>): SystemPage {
  const etag = createEntityTag(body)
  const all = { ...headers, 'cache-control': 'no-cache', etag }
  return {
    path,
    answer({ headers: request }: HttpRequest): HttpResponse {
      const known = request['if-none-match']
      if (known !== undefined && matchesEntityTag(known, etag)) return { status: 304, headers: { ...all } }
      return { status: 200, headers: { ...all }, body }
    },
  }
}

/** The two pages that describe what is served. */
export function createDocumentPages(name: string, openapi: object): readonly SystemPage[] {
  const { html, policy } = renderPage(name)
  return [
    fixed('/openapi.json', JSON.stringify(openapi), { 'content-type': 'application/json' }),
    fixed('/docs', html, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
    }),
  ]
}
