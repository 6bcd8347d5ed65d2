// What must not stay in any committed text: notes to oneself, and paths that exist on one machine only.
import type { Violation } from '../source/sources.ts'

// The words and folders are put together here, or this file would break its own rule.
const notes = [
  ['TO', 'DO'],
  ['FIX', 'ME'],
  ['X', 'XX'],
].map((halves) => halves.join(''))
const places = ['work', 'root', 'home/\\w+', 'Users/\\w+'].map((folder) => `/${folder}/`)

const note = new RegExp(`\\b(?:${notes.join('|')})\\b`)
const place = new RegExp(`(?<![\\w.~*$}/-])(?:${places.join('|')})`)

/** Looks at the text of any file, not of programs alone. */
export function leftovers(path: string, text: string): Violation[] {
  return text.split('\n').flatMap((content, index) => {
    const found = note.exec(content)?.[0]
    const machine = place.exec(content)?.[0]
    const at = { path, line: index + 1 }
    return [
      ...(found ? [{ ...at, rule: 'leftover', message: `${found}: do it now, or file an issue` }] : []),
      ...(machine ? [{ ...at, rule: 'machine-path', message: `${machine} is a path of one machine` }] : []),
    ]
  })
}
