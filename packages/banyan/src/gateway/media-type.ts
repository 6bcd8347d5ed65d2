/** Content negotiation (RFC 9110, 8.3 and 12.5.1) for an edge that speaks one language: JSON in UTF-8. */
import type { Headers } from '../core/environment/network.ts'
import { notAcceptable, unsupportedMedia } from './refusal.ts'

interface MediaType {
  /** Lower case. */
  readonly type: string
  /** Lower-case names; values without their quotes. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';')
  const parameters = rest.map((part): readonly [string, string] => {
    const equals = part.indexOf('=')
    const [name, value] = equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]
    return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')]
  })
  return { type: type.trim().toLowerCase(), parameters }
}

/** Refuses (415) a body that is anything but JSON in UTF-8, as it is. */
export function checkContentType(headers: Headers): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw unsupportedMedia(`content-encoding '${encoding.slice(0, 40)}' is not supported: send the body as it is`)
  const given = headers['content-type']
  if (given === 'application/json' || given === 'application/json; charset=utf-8') return
  if (given === undefined) throw unsupportedMedia('the body has no content-type: send application/json')
  const { type, parameters } = parseMediaType(given)
  if (type !== 'application/json' && !/^application\/[a-z0-9!#$&^_.+-]+\+json$/.test(type))
    throw unsupportedMedia('the body must be application/json')
  const charset = parameters.find(([name]) => name === 'charset')?.[1]
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') throw unsupportedMedia('JSON is UTF-8, always')
}

/** How well a media range fits JSON: 3 by name, 2 by `application/*`, 1 by anything, 0 not at all. */
function precision(range: string): number {
  return ['application/json', 'application/*', '*/*'].indexOf(range) === -1
    ? 0
    : 3 - ['application/json', 'application/*', '*/*'].indexOf(range)
}

function quality({ parameters }: MediaType): number {
  const given = parameters.find(([name]) => name === 'q')?.[1]
  return given === undefined ? 1 : Number(given)
}

/** Refuses (406) a client that excludes JSON. The most precise range decides, as RFC 9110 has it. */
export function checkAccept(headers: Headers): void {
  const accept = headers['accept']
  if (accept === undefined || accept === '*/*' || accept === 'application/json' || accept.trim() === '') return
  let best = 0
  let acceptable = false
  for (const range of accept.split(',').map(parseMediaType)) {
    const precise = precision(range.type)
    if (precise === 0 || precise < best) continue
    const wanted = quality(range) > 0
    acceptable = precise === best ? acceptable || wanted : wanted
    best = precise
  }
  if (!acceptable) throw notAcceptable()
}
