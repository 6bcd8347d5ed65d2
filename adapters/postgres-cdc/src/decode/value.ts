/**
 * A value of the database as JSON, without loss. The form depends on the type of the column only, never on the value, so that
 * a schema can say it: bigint and numeric are always texts, also when this one would fit into a number.
 */

import type { Json } from '../json.ts'
import { type ArrayText, fromArrayText } from './array-text.ts'
import { fromExactJson } from './exact-json.ts'

/** How a type is read. */
export type TypeForm =
  | { readonly kind: 'scalar'; readonly read: (text: string) => Json }
  | { readonly kind: 'array'; readonly element: TypeForm; readonly delimiter: string }

/** Types by their oids (pg_type.dat); everything that is not here is its text. */
const readers: Readonly<Record<number, (text: string) => Json>> = {
  16: (text) => text === 't',
  17: toBase64,
  21: Number,
  23: Number,
  26: Number,
  114: fromExactJson,
  3802: fromExactJson,
  700: toFloat,
  701: toFloat,
  1114: toIsoTime,
  1184: toIsoTime,
}

const asText: TypeForm = { kind: 'scalar', read: (text) => text }

/** The form of a built-in scalar type; text for one that is not known. */
export function scalarForm(oid: number): TypeForm {
  const read = readers[oid]
  return read === undefined ? asText : { kind: 'scalar', read }
}

/** Reads a value. */
export function toJson(text: string, form: TypeForm): Json {
  return form.kind === 'scalar' ? form.read(text) : toList(fromArrayText(text, form.delimiter), form.element)
}

function toList(values: ArrayText, form: TypeForm): Json {
  return values.map((value): Json => {
    if (value === null) return null
    return typeof value === 'string' ? toJson(value, form) : toList(value, form)
  })
}

/** JSON has no NaN and no infinity: those stay texts. */
function toFloat(text: string): Json {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}

function toBase64(text: string): Json {
  return Buffer.from(text.slice(2), 'hex').toString('base64')
}

/** `2026-01-31 12:00:00.123456+00` → `2026-01-31T12:00:00.123456Z`. `infinity` and years BC stay as they are. */
function toIsoTime(text: string): Json {
  if (!/^\d{4}-/.test(text) || text.endsWith('BC')) return text
  return text.replace(' ', 'T').replace(/\+00$/, 'Z')
}
