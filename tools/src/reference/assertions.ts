// `expression // value` in an example is a promise to the reader; here it becomes an assertion.
import { parseSync } from 'oxc-parser'
import { type Node, parseSource, walk } from '../source/parse.ts'

/** The text with its promises as assertions, and how many there were. What follows `//` and is no value is prose. */
export function withAssertions(text: string): { readonly text: string; readonly count: number } {
  const file = parseSource('example.ts', text)
  const statements: Node[] = []
  walk(file.program as Node, (node) => {
    if (node.type === 'ExpressionStatement' || node.type === 'VariableDeclaration') statements.push(node)
    return true
  })
  const edits = file.comments.flatMap((comment) => {
    const value = comment.value.trim()
    const before = statements.filter((node) => {
      return node.end <= comment.start && /^[ ;)}]*$/.test(text.slice(node.end, comment.start))
    })
    // The innermost of those that end here.
    const statement = before.sort((one, other) => other.start - one.start)[0]
    return statement === undefined || !isValue(value) ? [] : [edit(text, statement, value)]
  })
  const edited = edits
    .sort((one, other) => other.start - one.start)
    .reduce((result, { start, end, by }) => result.slice(0, start) + by + result.slice(end), text)
  return { text: edited, count: edits.length }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly by: string
}

function edit(text: string, statement: Node, value: string): Edit {
  if (statement.type === 'VariableDeclaration') {
    const id = statement.declarations.at(-1)?.id
    const name =
      id === undefined
        ? ''
        : text.slice(id.start, 'typeAnnotation' in id ? (id.typeAnnotation?.start ?? id.end) : id.end)
    return { start: statement.end, end: statement.end, by: `; expected(${name}).toEqual(${value})` }
  }
  if (statement.type !== 'ExpressionStatement') throw new Error(`no assertion can be made of ${statement.type}`)
  const { start, end } = statement.expression
  return { start, end, by: `expected(await (${text.slice(start, end)})).toEqual(${value})` }
}

/** True for text that is one literal value. */
export function isValue(text: string): boolean {
  const parsed = parseSync('value.ts', `void (${text}\n)`)
  const [statement, ...rest] = parsed.program.body as Node[]
  if (parsed.errors.length > 0 || rest.length > 0 || statement?.type !== 'ExpressionStatement') return false
  const { expression } = statement
  return expression.type === 'UnaryExpression' && isLiteral(expression.argument)
}

function isLiteral(node: Node | null): boolean {
  if (node === null) return false
  if (node.type === 'ParenthesizedExpression') return isLiteral(node.expression)
  if (node.type === 'Literal') return true
  if (node.type === 'Identifier') return ['undefined', 'NaN', 'Infinity'].includes(node.name)
  if (node.type === 'UnaryExpression') return node.operator === '-' && isLiteral(node.argument)
  if (node.type === 'TemplateLiteral') return node.expressions.length === 0
  if (node.type === 'ArrayExpression') return node.elements.every((element) => isLiteral(element))
  if (node.type === 'ObjectExpression')
    return node.properties.every((property) => property.type === 'Property' && isLiteral(property.value))
  return false
}
