// The pages of the reference as Markdown.
import type { Docstring } from './docstring.ts'
import type { EntrySymbols, PublicSymbol } from './reference.ts'
import { signatureOf } from './signature.ts'

const folder = 'docs/reference'
const note = '<!-- Made from the source by `npm run docs:reference`. Edit the docstrings, not this page. -->'

/** Path → text of every page, the index included. */
export function toPages(reference: readonly EntrySymbols[]): ReadonlyMap<string, string> {
  const pages = reference.map((one) => [`${folder}/${one.entry.page}`, toPage(one, reference)] as const)
  return new Map([[`${folder}/README.md`, toIndex(reference)], ...pages])
}

function toIndex(reference: readonly EntrySymbols[]): string {
  const rows = reference.map(({ entry, opening, symbols }) => {
    return `| [\`${entry.specifier}\`](${entry.page}) | ${symbols.length} | ${firstSentence(opening.text || entry.about)} |`
  })
  const about = 'Every public name of every package. How to use them: [the guide](../guide/README.md).'
  return join([note, '# Reference', about, ['| import | names | what it is |', '|---|---|---|', ...rows].join('\n')])
}

function toPage(one: EntrySymbols, reference: readonly EntrySymbols[]): string {
  const { entry, opening, symbols } = one
  const own = symbols.filter((symbol) => symbol.home === entry)
  const foreign = symbols.filter((symbol) => symbol.home !== entry)
  const link = createLinker(one, reference)
  return join([
    note,
    `# ${entry.specifier}`,
    link(opening.text || entry.about),
    ...opening.examples.map(codeBlock),
    own.map(({ name, anchor }) => `[${name}](#${anchor})`).join(' · '),
    ...own.map((symbol) => toSection(symbol, link)),
    foreign.length === 0
      ? ''
      : `## Described elsewhere\n\n${foreign.map((symbol) => toElsewhere(symbol, reference)).join('\n')}`,
  ])
}

function toElsewhere({ name, docstring, home }: PublicSymbol, reference: readonly EntrySymbols[]): string {
  const page = reference.find(({ entry }) => entry === home)
  const anchor = page?.symbols.find((symbol) => symbol.name === name)?.anchor
  const about = docstring === undefined ? '' : `: ${firstSentence(withoutLinks(docstring.text))}`
  return `- [\`${name}\`](${home.page}#${anchor})${about}`
}

function toSection(symbol: PublicSymbol, link: (text: string) => string): string {
  const { name, declared, docstring } = symbol
  const { path } = declared.file
  return join([
    `### ${name}`,
    link(docstring?.text ?? ''),
    codeBlock(signatureOf(declared)),
    ...tagLines(docstring, link),
    ...(docstring?.examples ?? []).map((example) => `Example:\n\n${codeBlock(example)}`),
    `[${path}](../../${path})`,
  ]).trimEnd()
}

function tagLines(docstring: Docstring | undefined, link: (text: string) => string): string[] {
  return (docstring?.tags ?? []).map(([tag, text]) => `*${tag}* ${link(text)}`)
}

// `{@link Name}` and `{@link Name.member}`: to the name's own page, the page itself first; what is not public is code.
function createLinker(one: EntrySymbols, reference: readonly EntrySymbols[]): (text: string) => string {
  const known = new Map<string, string>()
  for (const { entry, symbols } of [...reference].reverse().concat(one))
    for (const { name, home, anchor } of symbols)
      if (home === entry) known.set(name, `${home === one.entry ? '' : home.page}#${anchor}`)
  return (text) =>
    text.replace(/\{@link\s+([\w.]+)\s*\}/g, (_, target: string) => {
      const address = known.get(target.split('.')[0] ?? '')
      return address === undefined ? `\`${target}\`` : `[\`${target}\`](${address})`
    })
}

function withoutLinks(text: string): string {
  return text.replace(/\{@link\s+([\w.]+)\s*\}/g, '`$1`')
}

function firstSentence(text: string): string {
  const [paragraph = ''] = text.split(/\n\s*\n/)
  const line = paragraph.replace(/\s+/g, ' ').trim()
  return /^.*?[.](?=\s|$)/.exec(line)?.[0] ?? line
}

function codeBlock(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``
}

function join(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}
