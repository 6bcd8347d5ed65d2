/** Everything that is wrong with what is said of work at an external system, at once. */
import { BanyanError } from '../core/error.ts'
import type { AnyExternalWork } from './external-pursuit.ts'
import { retryFaults } from './saga-faults.ts'

const bounds: readonly (readonly [keyof AnyExternalWork & string, number, number])[] = [
  ['timeoutMs', 1, 600_000],
  ['maxResponseBytes', 1, 4_194_304],
  ['maxHeaderBytes', 1, 16_384],
  ['settleMs', 1, 604_800_000],
  ['lateMs', 0, 3_600_000],
]
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/

function faultsOf(work: AnyExternalWork): readonly string[] {
  const faults = [...retryFaults('retry', work.retry)]
  const { request, read, probe, keyHeader } = work
  if (request === undefined || request === null) faults.push(`'request' is missing`)
  if (typeof read !== 'function') faults.push(`'read' is not a function: it makes the result of the answer`)
  if (probe !== undefined && typeof probe !== 'function' && typeof probe.read !== 'function')
    faults.push(`'probe' has no 'read'`)
  if (keyHeader !== undefined && keyHeader !== false && !headerName.test(keyHeader))
    faults.push(`'keyHeader' is no name of a header`)
  for (const [name, min, max] of bounds) {
    const value = work[name] as number | undefined
    if (value !== undefined && !(Number.isFinite(value) && value >= min && value <= max))
      faults.push(`'${name}' is ${String(value)}: it must be from ${min} to ${max}`)
  }
  return faults
}

/** Throws INVALID_ARGUMENT of this reason that says all of it. */
export function assertExternal(title: string, reason: string, work: AnyExternalWork): void {
  const faults = faultsOf(work)
  if (faults.length > 0) throw new BanyanError('INVALID_ARGUMENT', `${title}: ${faults.join('; ')}`, { reason })
}
