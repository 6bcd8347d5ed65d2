/** sql`…` with bound parameters: the text between the values stays, every value becomes $1, $2, … */

const texts = new WeakMap<TemplateStringsArray, string>()

/** The text of a template; the same string each time for the same place in a program. */
export function toSqlText(template: TemplateStringsArray): string {
  const known = texts.get(template)
  if (known !== undefined) return known
  const text = template.reduce((before, part, index) => `${before}$${index}${part}`)
  texts.set(template, text)
  return text
}
