/** Names of things on a network. Every expression is linear: no two neighbouring parts can match the same text. */

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const hostname = new RegExp(`^${label}(?:\\.${label})*$`, 'i')

/** RFC 1123: labels of up to 63 letters, digits and hyphens, 253 characters in all. */
export function isHostname(text: string): boolean {
  return text.length <= 253 && hostname.test(text)
}

const mailbox = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i

/** RFC 5321 without quoted local parts and address literals, which no form accepts and no mail needs. */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  return at > 0 && at <= 64 && mailbox.test(text.slice(0, at)) && isHostname(text.slice(at + 1))
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)

export function isIpv4(text: string): boolean {
  return ipv4.test(text)
}

const group = /^[0-9a-f]{1,4}$/i

/** RFC 4291: eight groups, one run of zeros as `::`, the last two groups may be an IPv4 address. No zone. */
export function isIpv6(text: string): boolean {
  if (text.length > 45) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const head = groupsIn(halves[0] as string, halves.length === 1)
  if (halves.length === 1) return head === 8
  const tail = groupsIn(halves[1] as string, true)
  return head + tail <= 7
}

/** The number of 16-bit groups written in `text`; 9, which is always too many, when one of them is wrong. */
function groupsIn(text: string, last: boolean): number {
  if (text === '') return 0
  const parts = text.split(':')
  const final = parts.at(-1) as string
  const embedded = last && final.includes('.')
  if (embedded && !isIpv4(final)) return 9
  const groups = embedded ? parts.slice(0, -1) : parts
  return groups.every((part) => group.test(part)) ? groups.length + (embedded ? 2 : 0) : 9
}

const character = "[a-z0-9\\-._~!$&'()*+,;=:@]|%[0-9a-f]{2}"
const path = new RegExp(`^(?:/|${character})*$`, 'i')
const query = new RegExp(`^(?:[/?]|${character})*$`, 'i')
const scheme = /^[a-z][a-z0-9+\-.]*$/i
const user = /^(?:[a-z0-9\-._~!$&'()*+,;=:]|%[0-9a-f]{2})*$/i
const name = /^(?:[a-z0-9\-._~!$&'()*+,;=]|%[0-9a-f]{2})*$/i
const future = /^v[0-9a-f]+\.[a-z0-9\-._~!$&'()*+,;=:]+$/i

/** RFC 3986 URI: with a scheme. */
export function isUri(text: string): boolean {
  const colon = text.indexOf(':')
  return colon > 0 && scheme.test(text.slice(0, colon)) && isRelative(text.slice(colon + 1))
}

/** RFC 3986 URI reference: with a scheme or relative. */
export function isUriReference(text: string): boolean {
  if (isUri(text)) return true
  const first = text.split(/[/?#]/, 1)[0] as string
  return !first.includes(':') && isRelative(text)
}

/** Everything after the scheme: authority, path, query, fragment. */
function isRelative(text: string): boolean {
  const [beforeFragment, fragment] = cut(text, '#')
  const [hierarchy, search] = cut(beforeFragment, '?')
  if (!query.test(fragment) || !query.test(search)) return false
  if (!hierarchy.startsWith('//')) return path.test(hierarchy)
  const end = hierarchy.indexOf('/', 2)
  const authority = end < 0 ? hierarchy.slice(2) : hierarchy.slice(2, end)
  return isAuthority(authority) && (end < 0 || path.test(hierarchy.slice(end)))
}

function cut(text: string, mark: string): [string, string] {
  const index = text.indexOf(mark)
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)]
}

function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at >= 0 && !user.test(text.slice(0, at))) return false
  const parts = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(text.slice(at + 1))
  const host = parts?.[1]
  if (host === undefined) return false
  if (!host.startsWith('[')) return name.test(host)
  const literal = host.slice(1, -1)
  return isIpv6(literal) || future.test(literal)
}
