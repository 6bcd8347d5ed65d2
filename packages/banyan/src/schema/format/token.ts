/**
 * Identifiers and encodings: the rest of the standard formats, and those that Zod writes beside a pattern of its own
 * (`toJSONSchema` keeps the format's name, so a Zod contract must find it here).
 */
import { isIpv4, isIpv6 } from './network.ts'

const matches =
  (regex: RegExp) =>
  (text: string): boolean =>
    regex.test(text)

const base64 = matches(/^(?:[0-9a-z+/]{4})*(?:[0-9a-z+/]{2}==|[0-9a-z+/]{3}=)?$/i)
const base64url = matches(/^[0-9a-z_-]*$/i)

function isBase64url(text: string): boolean {
  return text.length % 4 !== 1 && base64url(text)
}

function isJwt(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 3 && parts.every((part, index) => (index === 2 || part !== '') && isBase64url(part))
}

function isRegex(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isCidr(text: string, isAddress: (text: string) => boolean, bits: number): boolean {
  const parts = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text)
  return parts !== null && isAddress(parts[1] as string) && Number(parts[2]) <= bits
}

const isHex = (unit: number): boolean =>
  (unit >= 48 && unit <= 57) || (unit >= 97 && unit <= 102) || (unit >= 65 && unit <= 70)

/** By comparing, because it is in almost every message: for half the time of a regular expression. */
function isUuid(text: string): boolean {
  if (text.length !== 36) return false
  for (let index = 0; index < 36; index++) {
    const unit = text.charCodeAt(index)
    if (index === 8 || index === 13 || index === 18 || index === 23 ? unit !== 45 : !isHex(unit)) return false
  }
  return true
}

const anything = (): boolean => true

export const tokens: Readonly<Record<string, (text: string) => boolean>> = {
  uuid: isUuid,
  'json-pointer': matches(/^(?:\/(?:[^~/]|~[01])*)*$/),
  regex: isRegex,
  base64,
  base64url: isBase64url,
  hex: matches(/^[0-9a-f]*$/i),
  jwt: isJwt,
  'json-string': isJsonText,
  cidrv4: (text) => isCidr(text, isIpv4, 32),
  cidrv6: (text) => isCidr(text, isIpv6, 128),
  mac: matches(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i),
  e164: matches(/^\+[1-9]\d{6,14}$/),
  emoji: matches(/^[\p{Extended_Pictographic}\p{Emoji_Component}]+$/u),
  cuid: matches(/^c[^\s-]{8,}$/i),
  cuid2: matches(/^[0-9a-z]+$/),
  nanoid: matches(/^[\w-]{21}$/),
  ulid: matches(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/i),
  xid: matches(/^[0-9a-v]{20}$/i),
  ksuid: matches(/^[0-9a-z]{27}$/i),
  // Zod names these after the check; the rule itself is the pattern it writes beside the name.
  includes: anything,
  starts_with: anything,
  ends_with: anything,
  lowercase: anything,
  uppercase: anything,
}
