/**
 * Which text format somebody who asks is given, by `Accept` (RFC 9110, section 12.5.1). Whoever does not ask for OpenMetrics, a
 * person in a browser above all, gets the older one, which is plain text; and whoever asks for neither gets it too, since numbers
 * in the wrong clothes are worth more than a 406 while something burns.
 */
import type { ExpositionFormat } from './exposition.ts'

/** Longest header that is read, in characters; of a longer one nothing is. */
export const maxAcceptChars = 1_024

interface Range {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

const offered: readonly {
  readonly format: ExpositionFormat
  readonly type: string
  readonly versions: readonly string[]
}[] = [
  { format: 'prometheus', type: 'text/plain', versions: ['0.0.4'] },
  { format: 'openmetrics', type: 'application/openmetrics-text', versions: ['1.0.0', '0.0.1'] },
]

/**
 * The format for this header.
 *
 * @example
 * chooseExposition('application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3') // 'openmetrics'
 */
export function chooseExposition(accept: string | undefined): ExpositionFormat {
  if (accept === undefined || accept.length > maxAcceptChars) return 'prometheus'
  const ranges = accept.split(',').flatMap(toRange)
  let best: { readonly format: ExpositionFormat; readonly quality: number } = { format: 'prometheus', quality: 0 }
  for (const { format, type, versions } of offered) {
    const quality = qualityOf(ranges, type, versions)
    if (quality > best.quality) best = { format, quality }
  }
  return best.format
}

function toRange(text: string): readonly Range[] {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase())
  if (!/^[^/\s]+\/[^/\s]+$/.test(type)) return []
  const parameters = new Map(rest.map((part) => part.split('=', 2).map((one) => one.trim()) as [string, string]))
  const given = parameters.get('q')
  const quality = given === undefined ? 1 : Number(given)
  parameters.delete('q')
  return quality >= 0 && quality <= 1 ? [{ type, parameters, quality }] : []
}

/** What the most particular range that fits says; 0 when none does. */
function qualityOf(ranges: readonly Range[], type: string, versions: readonly string[]): number {
  let best = { rank: 0, quality: 0 }
  for (const range of ranges) {
    const rank = rankOf(range, type, versions)
    if (rank > best.rank || (rank > 0 && rank === best.rank && range.quality > best.quality))
      best = { rank, quality: range.quality }
  }
  return best.quality
}

function rankOf({ type: asked, parameters }: Range, type: string, versions: readonly string[]): number {
  if (asked === '*/*') return 1
  if (asked === `${type.split('/')[0]}/*`) return 2
  const version = parameters.get('version')
  if (asked !== type || (version !== undefined && !versions.includes(version))) return 0
  return version === undefined ? 3 : 4
}
