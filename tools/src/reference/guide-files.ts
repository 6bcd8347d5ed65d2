// The files of a guide page: a fenced block whose first line is ```` ```ts path/of/file.ts ```` is that file. A later
// block of the same path replaces the earlier one, so a page can let a file grow.

const block = /^```\w+ (\S+)\n([\s\S]*?)^```$/gm

/** Path → text, as it stands where `until` (a heading) begins, or at the end. */
export function guideFiles(page: string, until?: string): ReadonlyMap<string, string> {
  const end = until === undefined ? page.length : page.indexOf(`\n## ${until}\n`)
  if (end < 0) throw new Error(`the page has no heading '${until}'`)
  return new Map([...page.slice(0, end).matchAll(block)].map(([, path = '', text = '']) => [path, text]))
}
