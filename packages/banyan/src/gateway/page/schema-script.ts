/** The part of the `/docs` script that reads schemas: as a type to read, and as an example to send. */

/** JavaScript for the browser. */
export const schemaScript: string = String.raw`
let api = {}
function deref(schema) {
  for (let turn = 0; turn < 20 && schema && schema.$ref; turn++)
    schema = schema.$ref.replace(/^#\//, '').split('/').reduce((at, key) => at && at[key.replace(/~1/g, '/').replace(/~0/g, '~')], api)
  return schema === undefined ? {} : schema
}
function rules(schema) {
  const said = []
  const range = (low, high, unit) => {
    if (low !== undefined && high !== undefined) said.push(low === high ? low + unit : low + '–' + high + unit)
    else if (low !== undefined) said.push('≥ ' + low + unit)
    else if (high !== undefined) said.push('≤ ' + high + unit)
  }
  if (schema.format) said.push(schema.format)
  range(schema.minLength, schema.maxLength, ' chars')
  range(schema.minimum, schema.maximum, '')
  if (schema.exclusiveMinimum !== undefined) said.push('> ' + schema.exclusiveMinimum)
  if (schema.exclusiveMaximum !== undefined) said.push('< ' + schema.exclusiveMaximum)
  if (schema.multipleOf !== undefined) said.push('multiple of ' + schema.multipleOf)
  range(schema.minItems, schema.maxItems, ' items')
  if (schema.uniqueItems) said.push('no duplicates')
  if (schema.pattern) said.push('/' + schema.pattern + '/')
  if (schema.default !== undefined) said.push('default ' + JSON.stringify(schema.default))
  if (schema.description) said.push(schema.description)
  return said.join(', ')
}
function typeText(given, indent, depth) {
  const schema = deref(given)
  if (schema === true || depth > 8) return 'any'
  if (schema === false) return 'nothing'
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const branches = schema.anyOf || schema.oneOf
  if (branches) return branches.map((branch) => typeText(branch, indent, depth + 1)).join(' | ')
  if (schema.allOf) return schema.allOf.map((branch) => typeText(branch, indent, depth + 1)).join(' & ')
  if (schema.prefixItems) return '[' + schema.prefixItems.map((item) => typeText(item, indent, depth + 1)).join(', ') + ']'
  if (schema.type === 'array') {
    const item = typeText(schema.items === undefined ? true : schema.items, indent, depth + 1)
    return (item.includes(' | ') && !item.startsWith('{') ? '(' + item + ')' : item) + '[]'
  }
  if (schema.type === 'object' || schema.properties) return objectText(schema, indent, depth)
  return Array.isArray(schema.type) ? schema.type.join(' | ') : schema.type || 'any'
}
function objectText(schema, indent, depth) {
  const inner = indent + '  '
  const required = new Set(schema.required || [])
  const lines = Object.entries(schema.properties || {}).map(([name, field]) => {
    const note = rules(deref(field))
    return inner + name + (required.has(name) ? '' : '?') + ': ' + typeText(field, inner, depth + 1) + (note ? '  // ' + note : '')
  })
  const rest = schema.additionalProperties
  if (rest && typeof rest === 'object') lines.push(inner + '[name]: ' + typeText(rest, inner, depth + 1))
  return lines.length === 0 ? '{}' : '{\n' + lines.join('\n') + '\n' + indent + '}'
}
const formats = {
  'date-time': '2026-01-31T12:00:00Z', date: '2026-01-31', time: '12:00:00Z', duration: 'P1D', email: 'someone@example.com',
  uuid: '0198c2f0-7a4e-7c1e-9a53-1d2b3c4d5e6f', uri: 'https://example.com/', hostname: 'example.com', ipv4: '192.0.2.1', ipv6: '2001:db8::1',
}
function example(given, depth) {
  const schema = deref(given)
  if (typeof schema !== 'object' || depth > 8) return null
  if (schema.examples && schema.examples.length) return schema.examples[0]
  if ('example' in schema) return schema.example
  if ('default' in schema) return schema.default
  if ('const' in schema) return schema.const
  if (schema.enum) return schema.enum[0]
  const branches = schema.anyOf || schema.oneOf
  if (branches) return example(branches[0], depth + 1)
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((branch) => example(branch, depth + 1)))
  if (schema.prefixItems) return schema.prefixItems.map((item) => example(item, depth + 1))
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object' || schema.properties) {
    const fields = Object.entries(schema.properties || {}).filter(([name]) => (schema.required || []).includes(name))
    return Object.fromEntries(fields.map(([name, field]) => [name, example(field, depth + 1)]))
  }
  if (type === 'array') return Array.from({ length: Math.min(3, schema.minItems || 1) }, () => example(schema.items, depth + 1))
  if (type === 'string') return formats[schema.format] || 'text'.padEnd(Math.min(schema.minLength || 0, 64), '…').slice(0, schema.maxLength)
  if (type === 'boolean') return true
  if (type === 'integer' || type === 'number') {
    if (schema.minimum !== undefined) return schema.minimum
    if (schema.exclusiveMinimum !== undefined) return schema.exclusiveMinimum + 1
    return schema.maximum !== undefined ? Math.min(1, schema.maximum) : 1
  }
  return null
}
`
