/**
 * The formats we assert. JSON Schema leaves `format` optional; here it is a rule, because a contract that says
 * "date-time" is read as a promise. A name outside this table is a SchemaError, so that no format passes unchecked.
 */
import { isDate, isDateTime, isDuration, isTime } from './calendar.ts'
import { isEmail, isHostname, isIpv4, isIpv6, isUri, isUriReference } from './network.ts'
import { tokens } from './token.ts'

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': isDateTime,
  date: isDate,
  time: isTime,
  duration: isDuration,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  uri: isUri,
  'uri-reference': isUriReference,
  ...tokens,
}

export function formatNamed(name: string): ((text: string) => boolean) | undefined {
  return Object.hasOwn(formats, name) ? formats[name] : undefined
}

export function formatNames(): string[] {
  return Object.keys(formats)
}
